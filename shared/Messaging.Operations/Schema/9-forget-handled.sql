-- Lets a queue hear once more of what it has taken over since a moment, because its rows have lost that: the inbox forgets it, and a replay
-- brings it. Returns how many events that are.
--
-- What operators have discarded or resolved by hand is not forgotten: it never takes effect. Nor is what is deferred: it has had no effect
-- that could be lost, goes on when its predecessor has come, and would be handled twice if it came again.
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
