INSERT INTO guards (audience, held_since_at, reason) VALUES ($1, $2, $3)
ON CONFLICT (audience) DO UPDATE SET
    held_since_at = COALESCE(guards.held_since_at, excluded.held_since_at),
    reason = excluded.reason
