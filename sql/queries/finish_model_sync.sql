UPDATE models SET synced_at = $2 WHERE model = $1
