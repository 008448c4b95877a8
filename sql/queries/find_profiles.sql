SELECT '[' || string_agg('[' || asked.place || ',' || COALESCE(profiles.merged_into, profiles.profile) || ']', ',') || ']'
FROM (
    SELECT CAST(value ->> 0 AS BIGINT) AS place, value ->> 1 AS kind, value ->> 2 AS value
    FROM jsonb_each($1)
) AS asked
JOIN identifiers ON identifiers.kind = asked.kind AND identifiers.value = asked.value
JOIN profiles ON profiles.profile = identifiers.profile
