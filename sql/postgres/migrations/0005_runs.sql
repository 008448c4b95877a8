-- A run is the pair of what all definitions mean and the moment asked about; nobody runs it twice.
CREATE TABLE runs (
    run_id TEXT COLLATE "C" PRIMARY KEY,
    fingerprint TEXT COLLATE "C" NOT NULL,
    as_of BIGINT NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    started_at BIGINT NOT NULL,
    UNIQUE (fingerprint, as_of)
);

CREATE INDEX runs_as_of ON runs (as_of);

-- Runs that were recorded, in that order; a run without a row here was claimed and has not ended yet.
CREATE TABLE recordings (
    number BIGINT PRIMARY KEY,
    run_id TEXT COLLATE "C" NOT NULL UNIQUE REFERENCES runs (run_id),
    recorded_at BIGINT NOT NULL,
    segments_seen BIGINT,
    merges_seen BIGINT NOT NULL
);

INSERT INTO numbers (subject, given) VALUES ('recordings', 0);
