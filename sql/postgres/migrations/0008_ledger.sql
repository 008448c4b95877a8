-- What was really sent, row by row: hashes and opaque ids only.
CREATE TABLE ledgers (
    ledger BIGINT PRIMARY KEY,
    audience TEXT COLLATE "C" NOT NULL,
    destination TEXT COLLATE "C" NOT NULL,
    UNIQUE (audience, destination)
);

CREATE TABLE ledger_rows (
    ledger BIGINT NOT NULL REFERENCES ledgers (ledger),
    profile BIGINT NOT NULL,
    row_key BIGINT NOT NULL, -- a hash of schema and cells, which would make a long key
    schema TEXT COLLATE "C" NOT NULL,
    cells TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    session_id BIGINT,
    reason TEXT COLLATE "C",
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (ledger, profile, row_key)
);

INSERT INTO numbers (subject, given) VALUES ('ledgers', 0);
