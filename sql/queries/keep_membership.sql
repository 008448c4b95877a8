UPDATE memberships SET run_id = $3, as_of = $4, fingerprint = $5 WHERE audience = $1 AND run_id = $2
