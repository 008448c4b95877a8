SELECT '[' || string_agg(CAST(identifiers.profile AS TEXT), ',') || ']'
FROM (
    SELECT value ->> 0 AS kind, value ->> 1 AS value, CAST(value ->> 2 AS BIGINT) AS profile
    FROM jsonb_each($1)
) AS asked
JOIN identifiers ON identifiers.kind = asked.kind AND identifiers.value = asked.value
WHERE identifiers.profile <> asked.profile
