SELECT audience, destination, state, message, sendable, rows_added, rows_removed, remote, mapping, updated_at
FROM sync_statuses
ORDER BY audience, destination
