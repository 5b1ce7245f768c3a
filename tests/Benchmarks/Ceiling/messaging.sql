-- The tables that the services' migrations make, by hand: the same columns and indexes.
CREATE SCHEMA messaging;

CREATE TABLE messaging.event_log (
    position bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_event_log PRIMARY KEY,
    event_id uuid NOT NULL,
    stream varchar(100) NOT NULL,
    sequence integer NOT NULL,
    type text NOT NULL,
    data json NOT NULL,
    correlation_id uuid NOT NULL,
    causation_id uuid,
    trace_parent text,
    occurred_at timestamptz NOT NULL);
CREATE UNIQUE INDEX ix_event_log_stream_sequence ON messaging.event_log (stream, sequence);

CREATE TABLE messaging.inbox (
    queue text NOT NULL,
    event_id uuid NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_inbox PRIMARY KEY (event_id, queue));

-- By hand nothing arrives too early: one relay a service, one consumer a queue, and every event waits for what caused it.
CREATE TABLE messaging.deferred_events (queue text NOT NULL, event_id uuid NOT NULL, PRIMARY KEY (event_id, queue));

CREATE TABLE messaging.relay_cursor (id integer CONSTRAINT pk_relay_cursor PRIMARY KEY, position bigint NOT NULL);
INSERT INTO messaging.relay_cursor VALUES (1, 0);

-- By hand nothing is filed: a failure ends the process. The consistency check reads this table.
CREATE TABLE messaging.dead_letters (first_failed_at timestamptz NOT NULL);
