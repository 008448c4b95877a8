INSERT INTO merges (number, winner, loser, merged_at)
SELECT CAST(value ->> 0 AS BIGINT), CAST(value ->> 1 AS BIGINT), CAST(value ->> 2 AS BIGINT), CAST(value ->> 3 AS BIGINT)
FROM jsonb_each($1)
