-- One row per event: outbox, history and source of replays. Rows never change.
CREATE TABLE messaging.event_log (
    position       bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    event_id       uuid NOT NULL,
    stream         varchar(100) NOT NULL,
    sequence       int NOT NULL,
    type           text NOT NULL,
    data           json NOT NULL,
    correlation_id uuid NOT NULL,
    causation_id   uuid,
    trace_parent   text,
    occurred_at    timestamptz NOT NULL,
    PRIMARY KEY (position, event_id)
) PARTITION BY RANGE (event_id);

-- How far the relay has published the log.
CREATE TABLE messaging.relay_cursor (
    id       int PRIMARY KEY,
    position bigint NOT NULL,
    gaps     bigint[] NOT NULL
);
INSERT INTO messaging.relay_cursor (id, position, gaps) VALUES (1, 0, '{}');
