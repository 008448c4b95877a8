-- Whose messages may come in over HTTP. Of a key only its SHA-256 is kept.
CREATE TABLE write_keys (
    key_hash TEXT PRIMARY KEY,
    source TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT, WITHOUT ROWID;
