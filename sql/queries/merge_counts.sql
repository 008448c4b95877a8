SELECT '[' || string_agg('[' || profile || ',' || merges || ']', ',') || ']'
FROM (
    SELECT asked.profile, count(*) AS merges
    FROM (SELECT CAST(value ->> 0 AS BIGINT) AS profile FROM jsonb_each($1)) AS asked
    JOIN profiles ON profiles.merged_into = asked.profile
    GROUP BY asked.profile
) AS counted
