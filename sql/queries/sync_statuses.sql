SELECT audience, destination, state, message, sendable, rows_added, rows_removed, updated_at
FROM sync_statuses
ORDER BY audience, destination
