-- Log and inbox are partitioned by the time in each event's id (UUIDv7, RFC 9562). An event has one id wherever it goes, so it always
-- falls into the same partition, and the inbox's primary key recognises it however late it comes.

CREATE SCHEMA messaging;

-- The smallest id that an event of that moment can have.
CREATE FUNCTION messaging.first_id(moment timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT (lpad(to_hex(floor(extract(epoch FROM moment) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
$$;

-- The time in an id, to the millisecond.
CREATE FUNCTION messaging.time_of(id uuid) RETURNS timestamptz LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT timestamptz 'epoch' + ('x' || translate(left(id::text, 13), '-', ''))::bit(48)::bigint * interval '1 millisecond'
$$;

-- The partitions of event_log or inbox, ascending; open bounds are null. "<table>_past" holds rows older than the first partition;
-- "<table>_default" holds rows that no partition was created for.
CREATE FUNCTION messaging.partitions(parent text)
RETURNS TABLE (name text, since timestamptz, until timestamptz) LANGUAGE sql STABLE STRICT AS $$
    SELECT child.relname::text, messaging.time_of(bounds[1]::uuid), messaging.time_of(bounds[2]::uuid)
    FROM pg_inherits
    JOIN pg_class child ON child.oid = inhrelid,
    LATERAL (SELECT ARRAY[
        substring(pg_get_expr(relpartbound, child.oid) FROM 'FROM \(''([^'']+)''\)'),
        substring(pg_get_expr(relpartbound, child.oid) FROM 'TO \(''([^'']+)''\)')] AS bounds) AS bound
    WHERE inhparent = ('messaging.' || parent)::regclass
    ORDER BY bounds[2] COLLATE "C" NULLS LAST
$$;

-- Creates a table that can become a partition, already with its indexes: other sessions wait while it is attached.
CREATE FUNCTION messaging.create_partition(parent text, name text) RETURNS void LANGUAGE plpgsql STRICT AS $$
BEGIN
    EXECUTE format(
        'CREATE TABLE messaging.%I (LIKE messaging.%I INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES)', name, parent);
    -- Unique within the partition; across partitions, the lock that every append takes on the stream's row ensures it.
    IF parent = 'event_log' THEN
        EXECUTE format('CREATE UNIQUE INDEX ON messaging.%I (stream, sequence)', name);
    END IF;
END
$$;

CREATE FUNCTION messaging.attach_partition(parent text, name text, bound text) RETURNS void LANGUAGE plpgsql STRICT AS $$
BEGIN
    EXECUTE format('ALTER TABLE messaging.%I ATTACH PARTITION messaging.%I %s', parent, name, bound);
END
$$;

-- "<table>_default" becomes the partition that was missing, and a new one takes its place. No row is copied, except those of other times,
-- such as from a wrong clock.
CREATE FUNCTION messaging.name_default(parent text, name text, since uuid, until uuid) RETURNS void LANGUAGE plpgsql STRICT AS $$
DECLARE
    fallback text := parent || '_default';
BEGIN
    EXECUTE format('ALTER TABLE messaging.%I DETACH PARTITION messaging.%I', parent, fallback);
    EXECUTE format('ALTER TABLE messaging.%I RENAME TO %I', fallback, name);
    PERFORM messaging.create_partition(parent, fallback);
    EXECUTE format(
        'WITH others AS (DELETE FROM messaging.%I WHERE event_id < $1 OR event_id >= $2 RETURNING *)
         INSERT INTO messaging.%I SELECT * FROM others', name, fallback) USING since, until;
    PERFORM messaging.attach_partition(parent, fallback, 'DEFAULT');
END
$$;

-- Creates partitions of the given number of days up to the given moment, and the given number ahead of it. Attaching, unlike CREATE
-- TABLE ... PARTITION OF, does not block readers and writers, except where the partition should already exist and rows may be arriving.
CREATE FUNCTION messaging.make_partitions(parent text, days int, ahead int, moment timestamptz) RETURNS int LANGUAGE plpgsql STRICT AS $$
DECLARE
    -- Not in days: with daylight saving time, some have 23 or 25 hours.
    span interval := days * interval '24 hours';
    since timestamptz := (SELECT max(p.until) FROM messaging.partitions(parent) p);
    next timestamptz;
    name text;
    bounds uuid[];
    late boolean;
    made int := 0;
BEGIN
    WHILE since < moment + ahead * span LOOP
        -- A whole downtime becomes one partition.
        next := since + greatest(floor(extract(epoch FROM moment - since) / extract(epoch FROM span)) + 1, 1) * span;
        name := parent || to_char(since AT TIME ZONE 'UTC', '_YYYYMMDD');
        bounds := ARRAY[messaging.first_id(since), messaging.first_id(next)];
        EXECUTE format('SELECT $1 <= $2 OR EXISTS (SELECT FROM messaging.%I WHERE event_id >= $3 AND event_id < $4)', parent || '_default')
            INTO late USING since, moment, bounds[1], bounds[2];
        IF late THEN
            EXECUTE format('LOCK TABLE ONLY messaging.%I IN ACCESS EXCLUSIVE MODE', parent);
            PERFORM messaging.name_default(parent, name, bounds[1], bounds[2]);
        ELSE
            PERFORM messaging.create_partition(parent, name);
        END IF;
        PERFORM messaging.attach_partition(parent, name, format('FOR VALUES FROM (%L) TO (%L)', bounds[1], bounds[2]));
        since := next;
        made := made + 1;
    END LOOP;
    RETURN made;
END
$$;
