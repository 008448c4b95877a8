DELETE FROM identifiers WHERE profile IN (SELECT CAST(value ->> 0 AS BIGINT) FROM json_each($1))
