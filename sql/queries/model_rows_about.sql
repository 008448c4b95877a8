SELECT model, row_key, checksum, identifiers, seen
FROM model_rows
WHERE identifiers LIKE $1 ESCAPE '!'
ORDER BY model, row_key
