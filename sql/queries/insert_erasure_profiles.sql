INSERT INTO erasure_profiles (erasure_id, profile)
SELECT value ->> 0, CAST(value ->> 1 AS BIGINT)
FROM jsonb_each($1)
WHERE TRUE
ON CONFLICT (erasure_id, profile) DO NOTHING
