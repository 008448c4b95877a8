-- What was really sent, row by row: hashes and opaque ids only.
CREATE TABLE ledgers (
    ledger INTEGER PRIMARY KEY,
    audience TEXT NOT NULL,
    destination TEXT NOT NULL,
    UNIQUE (audience, destination)
) STRICT;

CREATE TABLE ledger_rows (
    ledger INTEGER NOT NULL REFERENCES ledgers (ledger),
    profile INTEGER NOT NULL,
    row_key INTEGER NOT NULL, -- a hash of schema and cells, which would make a long key
    schema TEXT NOT NULL,
    cells TEXT NOT NULL,
    state TEXT NOT NULL,
    session_id INTEGER,
    reason TEXT,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (ledger, profile, row_key)
) STRICT, WITHOUT ROWID;

INSERT INTO numbers (subject, given) VALUES ('ledgers', 0);
