WITH redrive AS (INSERT INTO messaging.redrives (id, per_second, who, reason) VALUES ($1, $2, $3, $4)),
     chosen AS MATERIALIZED (
        SELECT id, stream, sequence
        FROM messaging.dead_letters
        WHERE {where}
        ORDER BY last_failed_at, id
        LIMIT $5
        FOR UPDATE),
     placed AS (SELECT id, row_number() OVER (ORDER BY stream, sequence, id) - 1 AS place FROM chosen),
     scheduled AS (
        UPDATE messaging.dead_letters AS letter
        SET state = 'scheduled', redrive_kind = 'operator', redrive_id = $1,
            redrive_at = now() + place / $2 * interval '1 second'
        FROM placed
        WHERE letter.id = placed.id
        RETURNING letter.id, redrive_at),
     audited AS (
        INSERT INTO messaging.dead_letter_actions (dead_letter_id, who, action, reason, details)
        SELECT id, $3, 'redrive', $4, jsonb_build_object('redriveAt', redrive_at, 'redrive', $1, 'perSecond', $2)
        FROM scheduled)
SELECT count(*), max(redrive_at) FROM scheduled
