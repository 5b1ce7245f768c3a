-- One row per event that a queue has received.
CREATE TABLE messaging.inbox (
    event_id    uuid NOT NULL,
    queue       text NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (event_id, queue)
) PARTITION BY RANGE (event_id);

-- Events that wait for their predecessor.
CREATE TABLE messaging.deferred_events (
    event_id       uuid NOT NULL,
    queue          text NOT NULL,
    type           text NOT NULL,
    stream         text NOT NULL,
    sequence       int NOT NULL,
    correlation_id uuid NOT NULL,
    causation_id   uuid,
    occurred_at    timestamptz NOT NULL,
    trace_parent   text,
    data           json NOT NULL,
    deferred_at    timestamptz NOT NULL DEFAULT now(),
    failures       int NOT NULL DEFAULT 0,
    retry_at       timestamptz NOT NULL DEFAULT now() + interval '30 seconds',
    PRIMARY KEY (event_id, queue)
);
CREATE INDEX ON messaging.deferred_events (queue, stream);
CREATE INDEX ON messaging.deferred_events (retry_at);
