-- Who is in, and who entered and exited in each run and why: roaring bitmaps of profile numbers.
CREATE TABLE memberships (
    audience TEXT PRIMARY KEY,
    run_id TEXT NOT NULL REFERENCES runs (run_id),
    as_of INTEGER NOT NULL,
    since_as_of INTEGER NOT NULL, -- of the first run that recorded the audience
    fingerprint TEXT NOT NULL,
    members BLOB NOT NULL
) STRICT;

CREATE TABLE changes (
    run_id TEXT NOT NULL REFERENCES runs (run_id),
    audience TEXT NOT NULL,
    reason TEXT NOT NULL,
    entered BLOB NOT NULL,
    exited BLOB NOT NULL,
    PRIMARY KEY (run_id, audience, reason)
) STRICT;
