INSERT INTO recordings (number, run_id, recorded_at, segments_seen, merges_seen) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (run_id) DO NOTHING
