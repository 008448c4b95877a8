-- A name for the whole store that no other one has: it tells our copies at destinations from those of another workspace.
CREATE TABLE workspace (
    workspace_id TEXT COLLATE "C" PRIMARY KEY
);

INSERT INTO workspace (workspace_id) VALUES (left(md5(gen_random_uuid()::text), 12));

-- Limits are an ad account's, say, and several destinations may share it.
ALTER TABLE throttles RENAME COLUMN destination TO subject;

ALTER TABLE sync_statuses ADD COLUMN remote TEXT NOT NULL DEFAULT '{}';

ALTER TABLE remote_audiences ADD COLUMN doubt TEXT COLLATE "C";

ALTER TABLE remote_audiences ADD COLUMN replacing BIGINT;

ALTER TABLE remote_audiences ADD COLUMN written_at BIGINT;

ALTER TABLE remote_audiences ADD COLUMN drifted_at BIGINT;
