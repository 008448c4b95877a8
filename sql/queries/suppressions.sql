SELECT digest, profile, suppressed_at FROM suppressed ORDER BY suppressed_at, digest
