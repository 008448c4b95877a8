INSERT INTO profiles (profile, collection, public_id, created_at)
SELECT CAST(value ->> 0 AS BIGINT), value ->> 1, value ->> 2, CAST(value ->> 3 AS BIGINT)
FROM jsonb_each($1)
