DELETE FROM pending_syncs WHERE sync_id = $1
