SELECT '[' || string_agg('[' || user_profile || ',' || account_profile || ',' || since_at || ']', ',') || ']'
FROM (SELECT CAST(value ->> 0 AS BIGINT) AS profile FROM jsonb_each($1)) AS asked
JOIN account_links ON account_links.user_profile = asked.profile
