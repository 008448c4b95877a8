INSERT INTO remote_audiences (audience, destination, remote_id, name) VALUES ($1, $2, $3, $4)
ON CONFLICT (audience, destination) DO UPDATE SET remote_id = excluded.remote_id, name = excluded.name
