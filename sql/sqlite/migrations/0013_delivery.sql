-- A name for the whole store that no other one has: it tells our copies at destinations from those of another workspace.
CREATE TABLE workspace (
    workspace_id TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

INSERT INTO workspace (workspace_id) VALUES (lower(hex(randomblob(6))));

-- Limits are an ad account's, say, and several destinations may share it.
ALTER TABLE throttles RENAME COLUMN destination TO subject;

ALTER TABLE sync_statuses ADD COLUMN remote TEXT NOT NULL DEFAULT '{}';

ALTER TABLE remote_audiences ADD COLUMN doubt TEXT;

ALTER TABLE remote_audiences ADD COLUMN replacing INTEGER;

ALTER TABLE remote_audiences ADD COLUMN written_at INTEGER;

ALTER TABLE remote_audiences ADD COLUMN drifted_at INTEGER;
