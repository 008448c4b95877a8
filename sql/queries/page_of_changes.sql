SELECT run_id, audience, reason, entered, exited
FROM changes
WHERE (run_id, audience, reason) > ($1, $2, $3)
ORDER BY run_id, audience, reason
LIMIT $4
