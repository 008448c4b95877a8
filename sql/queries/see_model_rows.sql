UPDATE model_rows
SET seen = asked.seen
FROM (
    SELECT value ->> 0 AS model, value ->> 1 AS row_key, CAST(value ->> 2 AS BIGINT) AS seen
    FROM jsonb_each($1)
) AS asked
WHERE model_rows.model = asked.model AND model_rows.row_key = asked.row_key
