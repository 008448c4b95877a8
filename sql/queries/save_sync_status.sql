INSERT INTO sync_statuses (audience, destination, state, message, sendable, rows_added, rows_removed, mapping, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (audience, destination) DO UPDATE SET
    state = excluded.state,
    message = excluded.message,
    sendable = excluded.sendable,
    rows_added = excluded.rows_added,
    rows_removed = excluded.rows_removed,
    mapping = excluded.mapping,
    updated_at = excluded.updated_at
