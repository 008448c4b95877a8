SELECT remote_id, name FROM remote_audiences WHERE audience = $1 AND destination = $2
