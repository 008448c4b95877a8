INSERT INTO erasure_destinations (erasure_id, destination, state, row_count, message, updated_at)
SELECT value ->> 0, value ->> 1, value ->> 2, CAST(value ->> 3 AS BIGINT), value ->> 4, CAST(value ->> 5 AS BIGINT)
FROM jsonb_each($1)
WHERE TRUE
ON CONFLICT (erasure_id, destination) DO UPDATE SET
    state = excluded.state,
    -- Rows that are gone are found no more when it is tried again.
    row_count = CASE
        WHEN excluded.row_count > erasure_destinations.row_count THEN excluded.row_count
        ELSE erasure_destinations.row_count
    END,
    message = excluded.message,
    updated_at = excluded.updated_at
