-- A name for the whole store that no other one has: it tells our copies at destinations from those of another workspace.
CREATE TABLE workspace (
    workspace_id TEXT COLLATE "C" PRIMARY KEY,
    hash_key TEXT COLLATE "C" NOT NULL -- what keyed hashes are made with
);

INSERT INTO workspace (workspace_id, hash_key)
VALUES (left(md5(gen_random_uuid()::text), 12), md5(gen_random_uuid()::text) || md5(gen_random_uuid()::text));

-- Who must not be sent anywhere: keyed hashes of identifiers, never the identifiers, and the profile they were of then.
CREATE TABLE suppressed (
    digest TEXT COLLATE "C" PRIMARY KEY,
    profile BIGINT,
    suppressed_at BIGINT NOT NULL
);

-- Limits are an ad account's, say, and several destinations may share it.
ALTER TABLE throttles RENAME COLUMN destination TO subject;

ALTER TABLE sync_statuses ADD COLUMN remote TEXT NOT NULL DEFAULT '{}';

ALTER TABLE remote_audiences ADD COLUMN doubt TEXT COLLATE "C";

ALTER TABLE remote_audiences ADD COLUMN replacing BIGINT;

ALTER TABLE remote_audiences ADD COLUMN written_at BIGINT;

ALTER TABLE remote_audiences ADD COLUMN drifted_at BIGINT;
