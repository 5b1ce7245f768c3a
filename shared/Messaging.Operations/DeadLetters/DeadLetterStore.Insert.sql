-- A message that arrives again with the same fault time is the same failure. Without a fault time, it is another failure only if it was
-- redriven since. The body is kept: it may have been edited. A dead letter that an operator has closed stays closed.
WITH filed AS (
    INSERT INTO messaging.dead_letters AS letter (
        id, queue, source, message_key, message_id, event_id, type, stream, sequence, handler, exception_type, exception_message,
        exception_stack, fault_at, properties, headers, body, first_failed_at, last_failed_at,
        state, automatic, redrive_kind, redrive_id, redrive_at)
    SELECT
        id, queue, source, message_key, message_id, event_id, type, stream, sequence, handler, exception_type, exception_message,
        exception_stack, fault_at, properties::json, headers::json, body, coalesce(fault_at, now()), coalesce(fault_at, now()),
        CASE WHEN transient THEN 'scheduled' ELSE 'waiting' END, transient::int, CASE WHEN transient THEN 'automatic' END,
        CASE WHEN transient THEN $18 END, CASE WHEN transient THEN now() + $19 END
    FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $21) AS e (
        id, queue, source, message_key, message_id, event_id, type, stream, sequence, handler, exception_type, exception_message,
        exception_stack, fault_at, properties, headers, body, transient)
    ORDER BY queue, message_key
    ON CONFLICT (queue, message_key) DO UPDATE SET
        source = EXCLUDED.source,
        handler = EXCLUDED.handler,
        exception_type = EXCLUDED.exception_type,
        exception_message = EXCLUDED.exception_message,
        exception_stack = EXCLUDED.exception_stack,
        fault_at = EXCLUDED.fault_at,
        headers = EXCLUDED.headers,
        last_failed_at = EXCLUDED.last_failed_at,
        attempts = letter.attempts + 1,
        automatic = letter.automatic + (letter.state <> 'scheduled' AND EXCLUDED.automatic > 0 AND letter.automatic < $20)::int,
        state = CASE WHEN letter.state IN ('discarded', 'resolved') AND EXISTS (
                         SELECT FROM messaging.inbox AS taken WHERE taken.event_id = letter.event_id AND taken.queue = letter.queue)
                     AND NOT EXISTS (
                         SELECT FROM messaging.deferred_events AS deferred
                         WHERE deferred.event_id = letter.event_id AND deferred.queue = letter.queue)
                     THEN letter.state
                     WHEN letter.state = 'scheduled' OR EXCLUDED.automatic > 0 AND letter.automatic < $20
                     THEN 'scheduled' ELSE 'waiting' END,
        redrive_kind = CASE WHEN letter.state = 'scheduled' THEN letter.redrive_kind
                            WHEN EXCLUDED.automatic > 0 AND letter.automatic < $20 THEN 'automatic' END,
        redrive_id = CASE WHEN letter.state = 'scheduled' THEN letter.redrive_id
                          WHEN EXCLUDED.automatic > 0 AND letter.automatic < $20 THEN $18 END,
        redrive_at = CASE WHEN letter.state = 'scheduled' THEN letter.redrive_at
                          WHEN EXCLUDED.automatic > 0 AND letter.automatic < $20
                          THEN now() + interval '1 second' * least(
                              extract(epoch FROM $19) * power(2, least(letter.automatic, 30)), extract(epoch FROM $22)) END
    WHERE CASE WHEN EXCLUDED.fault_at IS NULL THEN letter.state NOT IN ('waiting', 'scheduled')
               ELSE letter.fault_at IS DISTINCT FROM EXCLUDED.fault_at END
    RETURNING id, attempts, exception_type, state, redrive_at)
INSERT INTO messaging.dead_letter_actions (dead_letter_id, who, action, details)
SELECT id, $23, 'failed', jsonb_build_object('attempts', attempts, 'exceptionType', exception_type, 'redriveAt', redrive_at)
FROM filed
WHERE attempts > 1 OR state = 'scheduled'
