DELETE FROM runs WHERE as_of >= $1 AND run_id NOT IN (SELECT run_id FROM memberships)
