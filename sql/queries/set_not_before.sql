INSERT INTO throttles (destination, not_before_at) VALUES ($1, $2)
ON CONFLICT (destination) DO UPDATE SET not_before_at = excluded.not_before_at
