-- Lets a queue receive again the events it has received since a time, because their effect on its rows was lost: the inbox forgets them,
-- and a replay delivers them. Returns the number of events.
--
-- Events that operators have discarded or resolved by hand are not forgotten: they never take effect. Nor are deferred events: they have
-- had no effect that could be lost, continue when their predecessor arrives, and would be handled twice if they came again.
CREATE FUNCTION messaging.forget_handled(queue text, since timestamptz) RETURNS bigint LANGUAGE sql STRICT AS $$
    WITH forgotten AS (
        DELETE FROM messaging.inbox AS received
        WHERE received.queue = $1 AND received.received_at >= $2
          AND NOT EXISTS (
              SELECT FROM messaging.deferred_events AS deferred
              WHERE deferred.event_id = received.event_id AND deferred.queue = received.queue)
          AND NOT EXISTS (
              SELECT FROM messaging.dead_letters AS letter
              WHERE letter.event_id = received.event_id AND letter.queue = received.queue
                AND (letter.state = 'discarded' OR letter.state = 'resolved' AND EXISTS (
                    SELECT FROM messaging.dead_letter_actions AS done
                    WHERE done.dead_letter_id = letter.id AND done.action = 'resolve')))
        RETURNING 1)
    SELECT count(*) FROM forgotten
$$;
