INSERT INTO recordings (number, run_id, recorded_at, segments_seen, merges_seen)
SELECT
    CAST(value ->> 0 AS BIGINT), value ->> 1, CAST(value ->> 2 AS BIGINT), CAST(value ->> 3 AS BIGINT), CAST(value ->> 4 AS BIGINT)
FROM jsonb_each($1)
