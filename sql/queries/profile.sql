SELECT public_id, collection, created_at FROM profiles WHERE profile = $1
