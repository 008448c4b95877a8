SELECT '[' || string_agg(
    '[' || asked.place || ',' || runs.as_of || ',' || CASE WHEN recordings.run_id IS NULL THEN 'false' ELSE 'true' END || ']', ','
) || ']'
FROM (SELECT CAST(value ->> 0 AS BIGINT) AS place, value ->> 1 AS run_id FROM jsonb_each($1)) AS asked
JOIN runs ON runs.run_id = asked.run_id
LEFT JOIN recordings ON recordings.run_id = runs.run_id
