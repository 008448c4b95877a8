SELECT key_hash, source, created_at, revoked_at FROM write_keys WHERE purpose = $1 ORDER BY source, created_at, key_hash
