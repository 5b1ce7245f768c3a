-- Redrives, and the rates at which their messages are sent.
CREATE TABLE messaging.redrives (
    id         uuid PRIMARY KEY,
    per_second double precision CHECK (per_second > 0),
    next_at    timestamptz NOT NULL DEFAULT now(),
    asked_at   timestamptz NOT NULL DEFAULT now(),
    who        text,
    reason     text
);
-- All messages that operators redrive singly, without a rate; and all automatic redrives, whose rate is a setting.
INSERT INTO messaging.redrives (id) VALUES ('00000000-0000-0000-0000-000000000000'), ('00000000-0000-0000-0000-000000000001');

-- One row for each message that a queue could not handle, however often it has failed. Texts are bounded and have no NUL, so that every
-- message can be filed; properties, headers and body have what must be restored exactly.
CREATE TABLE messaging.dead_letters (
    id                uuid PRIMARY KEY,
    queue             text NOT NULL,
    message_key       text NOT NULL,
    source            text NOT NULL CHECK (source IN ('error', 'skipped')),
    message_id        text,
    event_id          uuid,
    type              text,
    type_name         text GENERATED ALWAYS AS (regexp_replace(type, '^.*:', '')) STORED,
    stream            text,
    sequence          int,
    handler           text,
    exception_type    text,
    exception_message text,
    exception_stack   text,
    properties        json NOT NULL,
    headers           json NOT NULL,
    body              bytea NOT NULL,
    original_body     bytea,
    fault_at          timestamptz,
    first_failed_at   timestamptz NOT NULL,
    last_failed_at    timestamptz NOT NULL,
    attempts          int NOT NULL DEFAULT 1,
    state             text NOT NULL CHECK (state IN ('waiting', 'scheduled', 'redriven', 'resolved', 'discarded')),
    automatic         int NOT NULL DEFAULT 0,
    redrive_kind      text CHECK (redrive_kind IN ('operator', 'automatic')),
    redrive_id        uuid,
    redrive_at        timestamptz,
    due_at            timestamptz GENERATED ALWAYS AS (CASE WHEN state = 'scheduled' THEN redrive_at END) STORED,
    redriven_at       timestamptz,
    unresolved_since  timestamptz GENERATED ALWAYS AS (CASE WHEN state = 'redriven' THEN redriven_at END) STORED,
    followers_due     boolean NOT NULL DEFAULT false,
    UNIQUE (queue, message_key)
);
-- For lists, newest first.
CREATE INDEX ON messaging.dead_letters (last_failed_at, id);
CREATE INDEX ON messaging.dead_letters (state, last_failed_at, id);
CREATE INDEX ON messaging.dead_letters (queue, last_failed_at, id);
CREATE INDEX ON messaging.dead_letters (type_name, last_failed_at, id);
CREATE INDEX ON messaging.dead_letters (exception_type, last_failed_at, id);
CREATE INDEX ON messaging.dead_letters (handler, last_failed_at, id);
CREATE INDEX ON messaging.dead_letters (stream, last_failed_at, id);
-- For groups and counts, which read only this index.
CREATE INDEX ON messaging.dead_letters (state, queue, type, exception_type, handler) INCLUDE (first_failed_at, last_failed_at);
-- For background work; each has only the rows that are to be worked on. Conditions on the state are avoided: the number of rows in a state
-- changes faster than the statistics, and the planner would choose an index on the state instead.
CREATE INDEX ON messaging.dead_letters (redrive_id, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX ON messaging.dead_letters (unresolved_since, id) WHERE unresolved_since IS NOT NULL;
CREATE INDEX ON messaging.dead_letters (id) WHERE followers_due;

-- What was done with them, by whom and why. Rows are never changed.
CREATE TABLE messaging.dead_letter_actions (
    id             bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    dead_letter_id uuid NOT NULL REFERENCES messaging.dead_letters,
    at             timestamptz NOT NULL DEFAULT now(),
    who            text NOT NULL,
    action         text NOT NULL,
    reason         text,
    details        jsonb NOT NULL
);
CREATE INDEX ON messaging.dead_letter_actions (dead_letter_id, id);
