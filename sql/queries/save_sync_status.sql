INSERT INTO sync_statuses (audience, destination, state, message, sendable, rows_added, rows_removed, remote, mapping, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (audience, destination) DO UPDATE SET
    state = excluded.state,
    message = excluded.message,
    sendable = excluded.sendable,
    rows_added = excluded.rows_added,
    rows_removed = excluded.rows_removed,
    remote = excluded.remote,
    mapping = excluded.mapping,
    updated_at = excluded.updated_at
