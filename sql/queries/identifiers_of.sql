SELECT '[' || string_agg(
    '[' || owners.survivor || ',' || first_seen_at || ',' || json_quote(kind) || ',' || json_quote(value) || ','
    || attached_at || ']', ','
) || ']'
FROM (
    SELECT CAST(value ->> 0 AS BIGINT) AS profile, CAST(value ->> 0 AS BIGINT) AS survivor
    FROM jsonb_each($1)
    UNION ALL
    SELECT profiles.profile, profiles.merged_into
    FROM (SELECT CAST(value ->> 0 AS BIGINT) AS profile FROM jsonb_each($1)) AS asked
    JOIN profiles ON profiles.merged_into = asked.profile
) AS owners
JOIN identifiers ON identifiers.profile = owners.profile
