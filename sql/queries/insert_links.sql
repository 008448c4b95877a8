INSERT INTO account_links (user_profile, account_profile)
SELECT CAST(value ->> 0 AS BIGINT), CAST(value ->> 1 AS BIGINT)
FROM json_each($1)
WHERE TRUE
ON CONFLICT DO NOTHING
