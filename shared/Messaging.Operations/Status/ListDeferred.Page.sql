-- Reads the primary key, whose ids begin with the time. An event waits for an earlier dead letter of its producer that was not
-- handled, preferably an open one. A dead letter whose followers were released counts only if the first deferred event comes right
-- after it. Without such a dead letter, the event waits for the one before the first deferred event.
WITH deferred AS MATERIALIZED (
    SELECT event_id, queue, type, stream, sequence, deferred_at, failures, split_part(type, ':', 1) AS producer
    FROM messaging.deferred_events
    WHERE {where}
    ORDER BY event_id, queue
    LIMIT $1)
SELECT deferred.queue, deferred.stream, deferred.sequence, deferred.event_id, deferred.type, deferred.deferred_at, deferred.failures,
       coalesce(letter.sequence, first.sequence - 1), letter.id, letter.state
FROM deferred
CROSS JOIN LATERAL (
    SELECT min(sequence) AS sequence
    FROM messaging.deferred_events AS other
    WHERE other.queue = deferred.queue AND other.stream = deferred.stream
    AND split_part(other.type, ':', 1) = deferred.producer) AS first
LEFT JOIN LATERAL (
    SELECT id, sequence, state
    FROM messaging.dead_letters AS letter
    WHERE letter.stream = deferred.stream AND letter.queue = deferred.queue AND letter.sequence < deferred.sequence
    AND split_part(letter.type, ':', 1) = deferred.producer
    AND (state <> 'resolved' OR EXISTS (
        SELECT FROM messaging.dead_letter_actions WHERE dead_letter_id = letter.id AND action = 'resolve'))
    AND (letter.sequence = first.sequence - 1 OR NOT EXISTS (
        SELECT FROM messaging.dead_letter_actions AS done
        WHERE done.dead_letter_id = letter.id AND (done.action = 'release' OR done.details->>'followers' = 'run')))
    AND NOT EXISTS (
        SELECT FROM messaging.deferred_events AS other WHERE other.event_id = letter.event_id AND other.queue = letter.queue)
    ORDER BY state IN ('resolved', 'discarded'), sequence
    LIMIT 1) AS letter ON true
ORDER BY deferred.event_id, deferred.queue
