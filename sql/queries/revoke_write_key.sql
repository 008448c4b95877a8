UPDATE write_keys SET revoked_at = $2 WHERE key_hash = $1 AND revoked_at IS NULL
