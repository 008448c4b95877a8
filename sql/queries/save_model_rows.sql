INSERT INTO model_rows (model, row_key, checksum, identifiers, seen)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, CAST(value ->> 4 AS BIGINT)
FROM jsonb_each($1)
WHERE TRUE
ON CONFLICT (model, row_key) DO UPDATE SET
    checksum = excluded.checksum,
    identifiers = excluded.identifiers,
    seen = excluded.seen
