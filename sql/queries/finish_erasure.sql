UPDATE erasures SET state = $2, finished_at = $3, damaged_files = $4 WHERE erasure_id = $1
