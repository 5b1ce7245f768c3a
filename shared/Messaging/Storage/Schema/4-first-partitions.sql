-- A week each, starting last Monday. More are created while the service runs.
DO $$
DECLARE
    parent text;
BEGIN
    FOREACH parent IN ARRAY ARRAY['event_log', 'inbox'] LOOP
        PERFORM messaging.create_partition(parent, parent || '_default');
        PERFORM messaging.attach_partition(parent, parent || '_default', 'DEFAULT');
        PERFORM messaging.create_partition(parent, parent || '_past');
        PERFORM messaging.attach_partition(
            parent,
            parent || '_past',
            format('FOR VALUES FROM (MINVALUE) TO (%L)', messaging.first_id(date_trunc('week', now(), 'UTC'))));
        PERFORM messaging.make_partitions(parent, 7, 4, now());
    END LOOP;
END
$$;
