SELECT '[' || string_agg(
    '[' || asked.place || ',' || json_quote(runs.run_id) || ',' || json_quote(runs.kind) || ',' || runs.started_at
    || ',' || COALESCE(CAST(recordings.recorded_at AS TEXT), 'null') || ']', ','
) || ']'
FROM (
    SELECT CAST(value ->> 0 AS BIGINT) AS place, value ->> 1 AS fingerprint, CAST(value ->> 2 AS BIGINT) AS as_of
    FROM jsonb_each($1)
) AS asked
JOIN runs ON runs.fingerprint = asked.fingerprint AND runs.as_of = asked.as_of
LEFT JOIN recordings ON recordings.run_id = runs.run_id
