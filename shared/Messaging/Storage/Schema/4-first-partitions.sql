-- A week each, from the last Monday on. More are made while the service runs.
SELECT messaging.add_partition(parent, 'default', 'DEFAULT'),
       messaging.add_partition(parent, 'past', format('FOR VALUES FROM (MINVALUE) TO (%L)', messaging.first_id(date_trunc('week', now(), 'UTC')))),
       messaging.make_partitions(parent, 7, now() + interval '28 days')
FROM unnest(ARRAY['event_log', 'inbox']) AS parent;
