SELECT runs.run_id, runs.as_of, runs.kind, runs.fingerprint, runs.started_at, recordings.recorded_at
FROM runs
LEFT JOIN recordings ON recordings.run_id = runs.run_id
WHERE runs.fingerprint = $1 AND runs.as_of = $2
