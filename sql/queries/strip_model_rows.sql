UPDATE model_rows SET
    checksum = '',
    identifiers = (
        SELECT '[' || string_agg('[' || json_quote(one.value ->> 0) || ',' || json_quote(one.value ->> 1) || ']', ',') || ']'
        FROM jsonb_each(model_rows.identifiers) AS one
        WHERE NOT EXISTS (
            SELECT 1
            FROM identifiers
            WHERE identifiers.kind = one.value ->> 0 AND identifiers.value = one.value ->> 1
                AND identifiers.profile IN (SELECT CAST(value ->> 0 AS BIGINT) FROM jsonb_each($1))
        )
    )
WHERE EXISTS (
    SELECT 1
    FROM jsonb_each(model_rows.identifiers) AS one
    JOIN identifiers ON identifiers.kind = one.value ->> 0 AND identifiers.value = one.value ->> 1
    WHERE identifiers.profile IN (SELECT CAST(value ->> 0 AS BIGINT) FROM jsonb_each($1))
) AND EXISTS (
    SELECT 1
    FROM jsonb_each(model_rows.identifiers) AS other
    JOIN identifiers ON identifiers.kind = other.value ->> 0 AND identifiers.value = other.value ->> 1
    WHERE identifiers.profile NOT IN (SELECT CAST(value ->> 0 AS BIGINT) FROM jsonb_each($1))
)
