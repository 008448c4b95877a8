-- What waits to be sent, how the last sync of each pair went, and what is known of the other side.
CREATE TABLE pending_syncs (
    sync_id INTEGER PRIMARY KEY, -- a new one each time the sync is asked for: settling an older one changes nothing
    audience TEXT NOT NULL,
    destination TEXT NOT NULL,
    run_id TEXT NOT NULL,
    first_asked_at INTEGER NOT NULL,
    UNIQUE (audience, destination)
) STRICT;

CREATE TABLE sync_statuses (
    audience TEXT NOT NULL,
    destination TEXT NOT NULL,
    state TEXT NOT NULL,
    message TEXT,
    sendable INTEGER,
    rows_added INTEGER NOT NULL,
    rows_removed INTEGER NOT NULL,
    mapping TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (audience, destination)
) STRICT, WITHOUT ROWID;

CREATE TABLE remote_audiences (
    audience TEXT NOT NULL,
    destination TEXT NOT NULL,
    remote_id TEXT NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (audience, destination)
) STRICT, WITHOUT ROWID;

CREATE TABLE throttles (
    destination TEXT PRIMARY KEY,
    not_before_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO numbers (subject, given) VALUES ('syncs', 0);
