UPDATE changes SET entered = $4, exited = $5 WHERE run_id = $1 AND audience = $2 AND reason = $3
