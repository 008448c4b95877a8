INSERT INTO guards (audience, allowed, allowed_at) VALUES ($1, $2, $3)
ON CONFLICT (audience) DO UPDATE SET
    allowed = excluded.allowed,
    allowed_at = excluded.allowed_at,
    held_since_at = NULL,
    reason = NULL
