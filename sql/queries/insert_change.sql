INSERT INTO changes (run_id, audience, reason, entered, exited) VALUES ($1, $2, $3, $4, $5)
