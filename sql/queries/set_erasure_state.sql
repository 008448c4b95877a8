UPDATE erasures SET state = $2 WHERE erasure_id = $1
