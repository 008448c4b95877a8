SELECT '[' || string_agg('[' || json_quote(erasure_profiles.erasure_id) || ',' || erasure_profiles.profile || ']', ',') || ']'
FROM (SELECT value ->> 0 AS erasure_id FROM jsonb_each($1)) AS asked
JOIN erasure_profiles ON erasure_profiles.erasure_id = asked.erasure_id
