UPDATE write_keys SET revoked_at = $3 WHERE key_hash = $1 AND purpose = $2 AND revoked_at IS NULL
