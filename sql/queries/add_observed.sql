INSERT INTO observed (source, log, event, name, value_type, row_count, first_at, last_at)
SELECT
    value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4,
    CAST(value ->> 5 AS BIGINT), CAST(value ->> 6 AS BIGINT), CAST(value ->> 7 AS BIGINT)
FROM jsonb_each($1)
WHERE TRUE
ON CONFLICT (source, log, event, name, value_type) DO UPDATE SET
    row_count = observed.row_count + excluded.row_count,
    first_at = CASE WHEN excluded.first_at < observed.first_at THEN excluded.first_at ELSE observed.first_at END,
    last_at = CASE WHEN excluded.last_at > observed.last_at THEN excluded.last_at ELSE observed.last_at END
