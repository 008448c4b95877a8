INSERT INTO account_links (user_profile, account_profile, since_at)
SELECT CAST(value ->> 0 AS BIGINT), CAST(value ->> 1 AS BIGINT), CAST(value ->> 2 AS BIGINT)
FROM jsonb_each($1)
WHERE TRUE
ON CONFLICT (user_profile, account_profile) DO UPDATE SET since_at = excluded.since_at
WHERE excluded.since_at < account_links.since_at
