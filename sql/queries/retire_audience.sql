INSERT INTO retired_audiences (audience, retired_at) VALUES ($1, $2)
ON CONFLICT (audience) DO NOTHING
