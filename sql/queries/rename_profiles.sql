UPDATE profiles
SET public_id = named.public_id
FROM (SELECT CAST(value ->> 0 AS BIGINT) AS profile, value ->> 1 AS public_id FROM jsonb_each($1)) AS named
WHERE profiles.profile = named.profile
