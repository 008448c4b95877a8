INSERT INTO runs (run_id, fingerprint, as_of, kind, started_at)
SELECT value ->> 0, value ->> 1, CAST(value ->> 2 AS BIGINT), value ->> 3, CAST(value ->> 4 AS BIGINT)
FROM jsonb_each($1)
WHERE TRUE
ON CONFLICT (fingerprint, as_of) DO UPDATE SET kind = excluded.kind, started_at = excluded.started_at
WHERE NOT EXISTS (SELECT 1 FROM recordings WHERE recordings.run_id = runs.run_id)
