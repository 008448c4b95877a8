INSERT INTO erasures (erasure_id, requested_at, requested_by, suppress, state) VALUES ($1, $2, $3, $4, $5)
