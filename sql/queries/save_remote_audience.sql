INSERT INTO remote_audiences (audience, destination, remote_id, name, doubt, replacing, written_at, drifted_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (audience, destination) DO UPDATE SET
    remote_id = excluded.remote_id,
    name = excluded.name,
    doubt = excluded.doubt,
    replacing = excluded.replacing,
    written_at = excluded.written_at,
    drifted_at = excluded.drifted_at
