SELECT CAST(COALESCE(SUM(row_count), 0) AS BIGINT)
FROM segments
WHERE number IN (SELECT CAST(value ->> 0 AS BIGINT) FROM jsonb_each($1))
