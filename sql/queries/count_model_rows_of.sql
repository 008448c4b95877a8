SELECT COUNT(*)
FROM model_rows
WHERE EXISTS (
    SELECT 1
    FROM jsonb_each(model_rows.identifiers) AS one
    JOIN identifiers ON identifiers.kind = one.value ->> 0 AND identifiers.value = one.value ->> 1
    WHERE identifiers.profile IN (SELECT CAST(value ->> 0 AS BIGINT) FROM jsonb_each($1))
)
