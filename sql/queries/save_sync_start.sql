INSERT INTO sync_starts (audience, destination, members) VALUES ($1, $2, $3)
ON CONFLICT (audience, destination) DO UPDATE SET members = excluded.members
