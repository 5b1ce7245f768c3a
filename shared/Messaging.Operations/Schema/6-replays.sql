-- Jobs that send past events to one queue.
CREATE TABLE messaging.replays (
    id          uuid PRIMARY KEY,
    queue       text NOT NULL,
    since       timestamptz,
    until       timestamptz,
    types       text[] NOT NULL,
    -- Whether whoever started it named the types: else those that the queue does not take are left out.
    types_given boolean NOT NULL,
    streams     text[],
    source      text NOT NULL,
    per_second  int,
    -- The rate that bounded what it has sent last; null while the queue's length alone does.
    effective_per_second int,
    state       text NOT NULL DEFAULT 'running',
    -- The positions to look at, and how far it is.
    first       bigint NOT NULL,
    last        bigint NOT NULL,
    position    bigint NOT NULL,
    sent        bigint NOT NULL DEFAULT 0,
    total       bigint,
    -- What was asked for and is no longer in the log.
    missing     text,
    started_at  timestamptz NOT NULL DEFAULT now(),
    started_by  text NOT NULL,
    ended_at    timestamptz,
    error       text
);
CREATE INDEX ON messaging.replays (started_at, id);
