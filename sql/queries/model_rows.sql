SELECT '[' || string_agg(
    '[' || json_quote(model_rows.row_key) || ',' || json_quote(model_rows.checksum) || ',' || model_rows.identifiers
    || ',' || model_rows.seen || ']', ','
) || ']'
FROM (SELECT value ->> 0 AS model, value ->> 1 AS row_key FROM jsonb_each($1)) AS asked
JOIN model_rows ON model_rows.model = asked.model AND model_rows.row_key = asked.row_key
