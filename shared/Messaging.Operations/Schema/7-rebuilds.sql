-- Jobs that compare rows with the fold of their events.
CREATE TABLE messaging.rebuilds (
    id          uuid PRIMARY KEY,
    mode        text NOT NULL,
    state       text NOT NULL DEFAULT 'running',
    -- The progress (RebuildCursor).
    cursor      jsonb,
    checked     bigint NOT NULL DEFAULT 0,
    differing   bigint NOT NULL DEFAULT 0,
    repaired    bigint NOT NULL DEFAULT 0,
    skipped     bigint NOT NULL DEFAULT 0,
    differences jsonb NOT NULL DEFAULT '[]',
    started_at  timestamptz NOT NULL DEFAULT now(),
    started_by  text NOT NULL,
    ended_at    timestamptz,
    error       text
);
CREATE INDEX ON messaging.rebuilds (started_at, id);
