DELETE FROM changes WHERE run_id = $1 AND audience = $2 AND reason = $3
