-- A name for the whole store that no other one has: it tells our copies at destinations from those of another workspace.
CREATE TABLE workspace (
    workspace_id TEXT PRIMARY KEY,
    hash_key TEXT NOT NULL -- what keyed hashes are made with
) STRICT, WITHOUT ROWID;

INSERT INTO workspace (workspace_id, hash_key) VALUES (lower(hex(randomblob(6))), lower(hex(randomblob(32))));

-- Who must not be sent anywhere: keyed hashes of identifiers, never the identifiers, and the profile they were of then.
CREATE TABLE suppressed (
    digest TEXT PRIMARY KEY,
    profile INTEGER,
    suppressed_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Limits are an ad account's, say, and several destinations may share it.
ALTER TABLE throttles RENAME COLUMN destination TO subject;

ALTER TABLE sync_statuses ADD COLUMN remote TEXT NOT NULL DEFAULT '{}';

ALTER TABLE remote_audiences ADD COLUMN doubt TEXT;

ALTER TABLE remote_audiences ADD COLUMN replacing INTEGER;

ALTER TABLE remote_audiences ADD COLUMN written_at INTEGER;

ALTER TABLE remote_audiences ADD COLUMN drifted_at INTEGER;
