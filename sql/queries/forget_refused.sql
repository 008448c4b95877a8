UPDATE refusals
SET profile = NULL, sample = NULL
WHERE profile IN (SELECT CAST(value ->> 0 AS BIGINT) FROM json_each($1))
