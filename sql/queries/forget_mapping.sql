UPDATE sync_statuses SET mapping = '' WHERE audience = $1 AND destination = $2
