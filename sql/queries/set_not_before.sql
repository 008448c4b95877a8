INSERT INTO throttles (subject, not_before_at) VALUES ($1, $2)
ON CONFLICT (subject) DO UPDATE SET not_before_at = excluded.not_before_at
