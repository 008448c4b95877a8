INSERT INTO segments (number, path, log, event, day, row_count, first_at, last_at, bytes, columns)
SELECT
    CAST(value ->> 0 AS BIGINT), value ->> 1, value ->> 2, value ->> 3, CAST(value ->> 4 AS BIGINT),
    CAST(value ->> 5 AS BIGINT), CAST(value ->> 6 AS BIGINT), CAST(value ->> 7 AS BIGINT), CAST(value ->> 8 AS BIGINT),
    value ->> 9
FROM jsonb_each($1)
