-- Picks one redrive with due messages, and as many of them as its rate has allowed since the last time.
WITH redrive AS MATERIALIZED (
    SELECT
        id,
        coalesce(least(1 + floor(per_second * least(extract(epoch FROM now() - next_at), {lapse})), $1), $1)::int AS allowed
    FROM messaging.redrives AS redrive
    WHERE next_at <= now() - ({gather}) * interval '1 second' AND EXISTS (
        SELECT FROM messaging.dead_letters WHERE redrive_id = redrive.id AND due_at <= now())
    ORDER BY next_at
    LIMIT 1
    FOR UPDATE SKIP LOCKED)
SELECT id, queue, redrive_kind, properties, headers, body, redrive_id
FROM messaging.dead_letters
WHERE redrive_id = (SELECT id FROM redrive) AND due_at <= now()
ORDER BY due_at, stream, sequence
LIMIT (SELECT allowed FROM redrive)
FOR UPDATE SKIP LOCKED
