INSERT INTO tombstones (digest, erasure_id, erased_at)
SELECT value ->> 0, value ->> 1, CAST(value ->> 2 AS BIGINT)
FROM jsonb_each($1)
WHERE TRUE
ON CONFLICT (digest) DO UPDATE SET erasure_id = excluded.erasure_id, erased_at = excluded.erased_at
