-- People who were erased, or are being so: who asked, how far it is, what was done. Never an identifier.
CREATE TABLE erasures (
    erasure_id TEXT COLLATE "C" PRIMARY KEY,
    requested_at BIGINT NOT NULL,
    requested_by TEXT NOT NULL,
    suppress BIGINT NOT NULL, -- 1: what is said of them later is refused as well
    state TEXT COLLATE "C" NOT NULL,
    erased_at BIGINT,
    finished_at BIGINT,
    identifiers BIGINT NOT NULL DEFAULT 0,
    links BIGINT NOT NULL DEFAULT 0,
    events BIGINT NOT NULL DEFAULT 0,
    trait_changes BIGINT NOT NULL DEFAULT 0,
    segments BIGINT NOT NULL DEFAULT 0,
    memberships BIGINT NOT NULL DEFAULT 0,
    ledger_rows BIGINT NOT NULL DEFAULT 0,
    model_rows BIGINT NOT NULL DEFAULT 0,
    damaged_files BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE erasure_profiles (
    erasure_id TEXT COLLATE "C" NOT NULL REFERENCES erasures (erasure_id),
    profile BIGINT NOT NULL,
    PRIMARY KEY (erasure_id, profile)
);

CREATE TABLE erasure_destinations (
    erasure_id TEXT COLLATE "C" NOT NULL REFERENCES erasures (erasure_id),
    destination TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    row_count BIGINT NOT NULL,
    message TEXT,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (erasure_id, destination)
);

-- Keyed hashes of the identifiers they had: what happened until they were erased is refused for ever. While they are being
-- erased, and there is no moment, everything is.
CREATE TABLE tombstones (
    digest TEXT COLLATE "C" PRIMARY KEY,
    erasure_id TEXT COLLATE "C" NOT NULL REFERENCES erasures (erasure_id),
    erased_at BIGINT
);

CREATE INDEX tombstones_erasure ON tombstones (erasure_id);

-- Counts changes of who is kept out: whoever knows an older list asks for the new one.
INSERT INTO numbers (subject, given) VALUES ('kept_out', 0);
