SELECT
    runs.run_id, runs.as_of, runs.kind, runs.fingerprint, runs.started_at, recordings.recorded_at,
    recordings.segments_seen, recordings.merges_seen
FROM recordings
JOIN runs ON runs.run_id = recordings.run_id
WHERE runs.run_id = $1
