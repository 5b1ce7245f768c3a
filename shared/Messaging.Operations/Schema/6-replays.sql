-- Jobs that send past events to one queue.
CREATE TABLE messaging.replays (
    id          uuid PRIMARY KEY,
    queue       text NOT NULL,
    since       timestamptz,
    until       timestamptz,
    types       text[] NOT NULL,
    -- Whether the types were requested by name; if not, those that the queue does not take are left out.
    types_given boolean NOT NULL,
    streams     text[],
    source      text NOT NULL,
    per_second  int,
    -- The rate limit of the last batch; null while only the queue's length limits it.
    effective_per_second int,
    state       text NOT NULL DEFAULT 'running',
    -- The positions to read, and the progress.
    first       bigint NOT NULL,
    last        bigint NOT NULL,
    position    bigint NOT NULL,
    sent        bigint NOT NULL DEFAULT 0,
    total       bigint,
    -- Which requested events are no longer in the log.
    missing     text,
    started_at  timestamptz NOT NULL DEFAULT now(),
    started_by  text NOT NULL,
    ended_at    timestamptz,
    error       text
);
CREATE INDEX ON messaging.replays (started_at, id);
