-- Reads the next redriven dead letters, and resolves those that were handled: the inbox has them, and they are not deferred. "|| ''":
-- they are found by their ids, not by the index on the state, regardless of the statistics.
WITH looked AS MATERIALIZED (
        SELECT id, queue, event_id, redriven_at
        FROM messaging.dead_letters
        WHERE unresolved_since IS NOT NULL AND (unresolved_since, id) > ($1, $2)
        ORDER BY unresolved_since, id
        LIMIT $3),
     resolved AS (
        UPDATE messaging.dead_letters AS letter
        SET state = 'resolved'
        FROM looked
        WHERE letter.id = looked.id AND letter.state || '' = 'redriven'
        AND EXISTS (SELECT FROM messaging.inbox WHERE inbox.event_id = looked.event_id AND inbox.queue = looked.queue)
        AND NOT EXISTS (
            SELECT FROM messaging.deferred_events AS deferred
            WHERE deferred.event_id = looked.event_id AND deferred.queue = looked.queue)
        RETURNING letter.id),
     audited AS (
        INSERT INTO messaging.dead_letter_actions (dead_letter_id, who, action, details)
        SELECT id, $4, 'resolved', '{}' FROM resolved)
SELECT redriven_at, id FROM looked ORDER BY redriven_at DESC, id DESC LIMIT 1
