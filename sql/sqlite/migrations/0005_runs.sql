-- A run is the pair of what all definitions mean and the moment asked about; nobody runs it twice.
CREATE TABLE runs (
    run_id TEXT PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    as_of INTEGER NOT NULL,
    kind TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    UNIQUE (fingerprint, as_of)
) STRICT, WITHOUT ROWID;

CREATE INDEX runs_as_of ON runs (as_of);

-- Runs that were recorded, in that order; a run without a row here was claimed and has not ended yet.
CREATE TABLE recordings (
    number INTEGER PRIMARY KEY,
    run_id TEXT NOT NULL UNIQUE REFERENCES runs (run_id),
    recorded_at INTEGER NOT NULL,
    segments_seen INTEGER,
    merges_seen INTEGER NOT NULL
) STRICT;

INSERT INTO numbers (subject, given) VALUES ('recordings', 0);
