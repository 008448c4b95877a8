INSERT INTO pending_syncs (sync_id, audience, destination, run_id, first_asked_at)
SELECT CAST(value ->> 0 AS BIGINT), value ->> 1, value ->> 2, value ->> 3, CAST(value ->> 4 AS BIGINT)
FROM jsonb_each($1)
WHERE TRUE
ON CONFLICT (audience, destination) DO UPDATE SET
    sync_id = excluded.sync_id,
    run_id = excluded.run_id,
    first_asked_at = CASE
        WHEN excluded.first_asked_at < pending_syncs.first_asked_at THEN excluded.first_asked_at
        ELSE pending_syncs.first_asked_at
    END
