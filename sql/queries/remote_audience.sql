SELECT remote_id, name, doubt, replacing, written_at, drifted_at
FROM remote_audiences
WHERE audience = $1 AND destination = $2
