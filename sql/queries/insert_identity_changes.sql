INSERT INTO identity_changes (number, profile)
SELECT CAST(value ->> 0 AS BIGINT), CAST(value ->> 1 AS BIGINT)
FROM jsonb_each($1)
