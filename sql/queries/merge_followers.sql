UPDATE profiles SET merged_into = moved.survivor
FROM (
    SELECT CAST(value ->> 0 AS BIGINT) AS loser, CAST(value ->> 1 AS BIGINT) AS survivor
    FROM jsonb_each($1)
) AS moved
WHERE profiles.merged_into = moved.loser
