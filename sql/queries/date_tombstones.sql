UPDATE tombstones SET erased_at = $2 WHERE erasure_id = $1
