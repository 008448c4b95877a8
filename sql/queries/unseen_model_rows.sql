SELECT '[' || string_agg(
    '[' || json_quote(row_key) || ',' || json_quote(checksum) || ',' || identifiers || ',' || seen || ']', ','
) || ']'
FROM (
    SELECT row_key, checksum, identifiers, seen
    FROM model_rows
    WHERE model = $1 AND seen < $2
    ORDER BY row_key
    LIMIT $3
) AS page
