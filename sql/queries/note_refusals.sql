INSERT INTO refusals (source, subject, reason, count, first_at, last_at, sample, profile)
SELECT
    value ->> 0, value ->> 1, value ->> 2, CAST(value ->> 3 AS BIGINT), CAST(value ->> 4 AS BIGINT), CAST(value ->> 4 AS BIGINT),
    value ->> 5, CAST(value ->> 6 AS BIGINT)
FROM jsonb_each($1)
WHERE TRUE
ON CONFLICT (source, subject, reason) DO UPDATE SET
    count = refusals.count + excluded.count,
    last_at = CASE WHEN excluded.last_at > refusals.last_at THEN excluded.last_at ELSE refusals.last_at END,
    sample = excluded.sample,
    profile = excluded.profile
