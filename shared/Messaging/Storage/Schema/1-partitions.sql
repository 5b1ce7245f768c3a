-- Log and inbox are partitioned by the time that is in every event's id (UUIDv7, RFC 9562). An event has one id wherever it goes, so it
-- always falls into the same partition, and the inbox's primary key knows it again after any time.

CREATE SCHEMA messaging;

-- The least id that an event of that moment can have.
CREATE FUNCTION messaging.first_id(moment timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT (lpad(to_hex(floor(extract(epoch FROM moment) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
$$;

-- The time that is in an id, to the millisecond.
CREATE FUNCTION messaging.time_of(id uuid) RETURNS timestamptz LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT timestamptz 'epoch' + ('x' || translate(left(id::text, 13), '-', ''))::bit(48)::bigint * interval '1 millisecond'
$$;

-- The partitions of event_log or inbox, ascending; their bounds are null where they are open. "<table>_past" is what is older than the
-- first partition; "<table>_default" is what no partition was made for.
CREATE FUNCTION messaging.partitions(parent text)
RETURNS TABLE (name text, since timestamptz, until timestamptz) LANGUAGE sql STABLE STRICT AS $$
    SELECT child.relname::text, messaging.time_of(bounds[1]::uuid), messaging.time_of(bounds[2]::uuid)
    FROM pg_inherits
    JOIN pg_class child ON child.oid = inhrelid,
    LATERAL (SELECT ARRAY[
        substring(pg_get_expr(relpartbound, child.oid) FROM 'FROM \(''([^'']+)''\)'),
        substring(pg_get_expr(relpartbound, child.oid) FROM 'TO \(''([^'']+)''\)')] AS bounds) AS bound
    WHERE inhparent = ('messaging.' || parent)::regclass
    ORDER BY bounds[2] NULLS LAST
$$;

-- Makes and attaches a partition. Attaching, unlike CREATE TABLE ... PARTITION OF, lets others go on reading and writing.
CREATE FUNCTION messaging.add_partition(parent text, suffix text, bound text) RETURNS void LANGUAGE plpgsql STRICT AS $$
BEGIN
    EXECUTE format('CREATE TABLE messaging.%I (LIKE messaging.%I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', parent || '_' || suffix, parent);
    -- Unique within the partition; between them the row of the stream, which every append locks, sees to it.
    IF parent = 'event_log' THEN
        EXECUTE format('CREATE UNIQUE INDEX ON messaging.%I (stream, sequence)', parent || '_' || suffix);
    END IF;
    EXECUTE format('ALTER TABLE messaging.%I ATTACH PARTITION messaging.%I %s', parent, parent || '_' || suffix, bound);
END
$$;

-- Makes partitions of so many days until there is one for every moment before "until". Whoever calls it first after a long standstill
-- finds rows of that time in "_default": they move into their partition.
CREATE FUNCTION messaging.make_partitions(parent text, days int, until timestamptz) RETURNS int LANGUAGE plpgsql STRICT AS $$
DECLARE
    made int := 0;
    since timestamptz := (SELECT max(p.until) FROM messaging.partitions(parent) p);
    next timestamptz;
    columns text := (
        SELECT string_agg(quote_ident(attname), ', ') FROM pg_attribute
        WHERE attrelid = ('messaging.' || parent)::regclass AND attnum > 0 AND NOT attisdropped);
BEGIN
    WHILE since < until LOOP
        next := since + days * interval '1 day';
        EXECUTE format(
            'CREATE TEMPORARY TABLE moving ON COMMIT DROP AS SELECT * FROM messaging.%I WHERE event_id >= %L AND event_id < %L',
            parent || '_default', messaging.first_id(since), messaging.first_id(next));
        EXECUTE format(
            'DELETE FROM messaging.%I WHERE event_id >= %L AND event_id < %L',
            parent || '_default', messaging.first_id(since), messaging.first_id(next));
        PERFORM messaging.add_partition(
            parent,
            to_char(since AT TIME ZONE 'UTC', 'YYYYMMDD'),
            format('FOR VALUES FROM (%L) TO (%L)', messaging.first_id(since), messaging.first_id(next)));
        -- From PostgreSQL 17 on a partition has the identity column of its table, which refuses positions that are given, unless told to.
        EXECUTE format(
            'INSERT INTO messaging.%I (%s) OVERRIDING SYSTEM VALUE SELECT %s FROM moving',
            parent || '_' || to_char(since AT TIME ZONE 'UTC', 'YYYYMMDD'), columns, columns);
        DROP TABLE moving;
        since := next;
        made := made + 1;
    END LOOP;
    RETURN made;
END
$$;
