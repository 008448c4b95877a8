SELECT '[' || string_agg('[' || json_quote(kind) || ',' || asked.profile || ',' || first_seen_at || ']', ',') || ']'
FROM (SELECT CAST(value ->> 0 AS BIGINT) AS profile FROM jsonb_each($1)) AS asked
JOIN identifiers ON identifiers.profile = asked.profile
