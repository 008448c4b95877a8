SELECT '[' || string_agg(
    '[' || asked.profile || ',' || survivors.profile || ',' || json_quote(survivors.public_id) || ']', ','
) || ']'
FROM (SELECT CAST(value ->> 0 AS BIGINT) AS profile FROM jsonb_each($1)) AS asked
JOIN profiles ON profiles.profile = asked.profile
JOIN profiles AS survivors ON survivors.profile = COALESCE(profiles.merged_into, profiles.profile)
