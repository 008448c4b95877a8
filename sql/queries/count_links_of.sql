SELECT COUNT(*)
FROM account_links
WHERE user_profile IN (SELECT CAST(value ->> 0 AS BIGINT) FROM jsonb_each($1))
    OR account_profile IN (SELECT CAST(value ->> 0 AS BIGINT) FROM jsonb_each($1))
