-- A redrive that somebody asked for, and how fast its messages may go.
CREATE TABLE messaging.redrives (
    id         uuid PRIMARY KEY,
    per_second double precision CHECK (per_second > 0),
    next_at    timestamptz NOT NULL DEFAULT now(),
    asked_at   timestamptz NOT NULL DEFAULT now(),
    who        text,
    reason     text
);
-- What people redrive alone, at any speed; and what is redriven by itself, whose speed is a setting.
INSERT INTO messaging.redrives (id) VALUES ('00000000-0000-0000-0000-000000000000'), ('00000000-0000-0000-0000-000000000001');

-- One row a message that a queue could not handle, however often it has failed. Texts are bounded and hold no NUL, so that every message
-- can be filed; what has to come back exactly as it was is in properties, headers and body.
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
-- For lists, the newest first.
CREATE INDEX ON messaging.dead_letters (last_failed_at, id);
CREATE INDEX ON messaging.dead_letters (state, last_failed_at, id);
CREATE INDEX ON messaging.dead_letters (queue, last_failed_at, id);
CREATE INDEX ON messaging.dead_letters (type_name, last_failed_at, id);
CREATE INDEX ON messaging.dead_letters (exception_type, last_failed_at, id);
CREATE INDEX ON messaging.dead_letters (handler, last_failed_at, id);
CREATE INDEX ON messaging.dead_letters (stream, last_failed_at, id);
-- For groups and counts, which read nothing else.
CREATE INDEX ON messaging.dead_letters (state, queue, type, exception_type, handler) INCLUDE (first_failed_at, last_failed_at);
-- For what goes on in the background, as short as its work. It does not ask for states: how many there are in each changes faster than
-- statistics do, and an index on the state would be taken for the better one.
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
