-- Who is in, and who entered and exited in each run and why: roaring bitmaps of profile numbers.
CREATE TABLE memberships (
    audience TEXT COLLATE "C" PRIMARY KEY,
    run_id TEXT COLLATE "C" NOT NULL REFERENCES runs (run_id),
    as_of BIGINT NOT NULL,
    since_as_of BIGINT NOT NULL, -- of the first run that recorded the audience
    fingerprint TEXT COLLATE "C" NOT NULL,
    members BYTEA NOT NULL
);

CREATE TABLE changes (
    run_id TEXT COLLATE "C" NOT NULL REFERENCES runs (run_id),
    audience TEXT COLLATE "C" NOT NULL,
    reason TEXT COLLATE "C" NOT NULL,
    entered BYTEA NOT NULL,
    exited BYTEA NOT NULL,
    PRIMARY KEY (run_id, audience, reason)
);
