INSERT INTO runs (run_id, fingerprint, as_of, kind, started_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (fingerprint, as_of) DO UPDATE SET kind = excluded.kind, started_at = excluded.started_at
WHERE NOT EXISTS (SELECT 1 FROM recordings WHERE recordings.run_id = runs.run_id)
