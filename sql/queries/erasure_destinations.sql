SELECT '[' || string_agg(
    '[' || json_quote(erasure_destinations.erasure_id) || ',' || json_quote(destination) || ',' || json_quote(state) || ',' || row_count
    || ',' || json_quote(message) || ',' || updated_at || ']', ','
) || ']'
FROM (SELECT value ->> 0 AS erasure_id FROM jsonb_each($1)) AS asked
JOIN erasure_destinations ON erasure_destinations.erasure_id = asked.erasure_id
