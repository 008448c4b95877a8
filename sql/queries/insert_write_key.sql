INSERT INTO write_keys (key_hash, purpose, source, created_at) VALUES ($1, $2, $3, $4)
