INSERT INTO suppressed (digest, profile, suppressed_at)
SELECT value ->> 0, CAST(value ->> 1 AS BIGINT), CAST(value ->> 2 AS BIGINT)
FROM jsonb_each($1)
WHERE TRUE
ON CONFLICT (digest) DO UPDATE SET profile = COALESCE(excluded.profile, suppressed.profile)
