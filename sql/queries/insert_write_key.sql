INSERT INTO write_keys (key_hash, source, created_at) VALUES ($1, $2, $3)
