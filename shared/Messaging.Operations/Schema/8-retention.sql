-- Drops the oldest partition and "<table>_past". The rows to keep were copied to "<table>_kept", which becomes the new past partition. All
-- other transactions wait, but only while the catalog changes: the copy was checked and indexed before.
CREATE FUNCTION messaging.end_partition(parent text, name text, until timestamptz) RETURNS void LANGUAGE plpgsql STRICT AS $$
DECLARE
    past text := parent || '_past';
    kept text := parent || '_kept';
BEGIN
    -- Proves to ATTACH that no row is beyond the bound, so that it does not read them.
    EXECUTE format('ALTER TABLE messaging.%I ADD CONSTRAINT past CHECK (event_id < %L)', kept, messaging.first_id(until));
    EXECUTE format('LOCK TABLE ONLY messaging.%I IN ACCESS EXCLUSIVE MODE', parent);
    EXECUTE format('DROP TABLE messaging.%I, messaging.%I', name, past);
    EXECUTE format('ALTER TABLE messaging.%I RENAME TO %I', kept, past);
    PERFORM messaging.attach_partition(parent, past, format('FOR VALUES FROM (MINVALUE) TO (%L)', messaging.first_id(until)));
    EXECUTE format('ALTER TABLE messaging.%I DROP CONSTRAINT past', past);
END
$$;

-- Applies inserts and deletes in a partition of the inbox to the copy of its kept rows, while that is being made.
CREATE FUNCTION messaging.keep_in_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO messaging.inbox_kept VALUES (new.*) ON CONFLICT DO NOTHING;
    ELSE
        DELETE FROM messaging.inbox_kept WHERE event_id = old.event_id AND queue = old.queue;
    END IF;
    RETURN NULL;
END
$$;
