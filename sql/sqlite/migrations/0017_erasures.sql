-- People who were erased, or are being so: who asked, how far it is, what was done. Never an identifier.
CREATE TABLE erasures (
    erasure_id TEXT PRIMARY KEY,
    requested_at INTEGER NOT NULL,
    requested_by TEXT NOT NULL,
    suppress INTEGER NOT NULL, -- 1: what is said of them later is refused as well
    state TEXT NOT NULL,
    erased_at INTEGER,
    finished_at INTEGER,
    identifiers INTEGER NOT NULL DEFAULT 0,
    links INTEGER NOT NULL DEFAULT 0,
    events INTEGER NOT NULL DEFAULT 0,
    trait_changes INTEGER NOT NULL DEFAULT 0,
    segments INTEGER NOT NULL DEFAULT 0,
    memberships INTEGER NOT NULL DEFAULT 0,
    ledger_rows INTEGER NOT NULL DEFAULT 0,
    model_rows INTEGER NOT NULL DEFAULT 0,
    damaged_files INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE TABLE erasure_profiles (
    erasure_id TEXT NOT NULL REFERENCES erasures (erasure_id),
    profile INTEGER NOT NULL,
    PRIMARY KEY (erasure_id, profile)
) STRICT, WITHOUT ROWID;

CREATE TABLE erasure_destinations (
    erasure_id TEXT NOT NULL REFERENCES erasures (erasure_id),
    destination TEXT NOT NULL,
    state TEXT NOT NULL,
    row_count INTEGER NOT NULL,
    message TEXT,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (erasure_id, destination)
) STRICT, WITHOUT ROWID;

-- Keyed hashes of the identifiers they had: what happened until they were erased is refused for ever. While they are being
-- erased, and there is no moment, everything is.
CREATE TABLE tombstones (
    digest TEXT PRIMARY KEY,
    erasure_id TEXT NOT NULL REFERENCES erasures (erasure_id),
    erased_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX tombstones_erasure ON tombstones (erasure_id);

-- Counts changes of who is kept out: whoever knows an older list asks for the new one.
INSERT INTO numbers (subject, given) VALUES ('kept_out', 0);
