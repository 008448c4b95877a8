SELECT COALESCE(merged_into, profile) FROM profiles WHERE public_id = $1
