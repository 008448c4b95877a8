DELETE FROM recordings WHERE run_id IN (SELECT run_id FROM runs WHERE as_of >= $1)
