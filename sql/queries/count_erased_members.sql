UPDATE erasures SET memberships = memberships + $2 WHERE erasure_id = $1
