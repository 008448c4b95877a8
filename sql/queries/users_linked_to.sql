SELECT '[' || string_agg(CAST(user_profile AS TEXT), ',') || ']'
FROM account_links
WHERE account_profile IN (SELECT CAST(value ->> 0 AS BIGINT) FROM jsonb_each($1))
