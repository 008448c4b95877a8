DELETE FROM sync_starts WHERE audience = $1 AND destination = $2
