UPDATE sync_statuses SET mapping = ''
