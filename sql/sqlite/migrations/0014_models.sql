-- What was said of each row of a model, to tell what changed. Checksum: of what the row said; empty when it was forgotten.
CREATE TABLE models (
    model TEXT PRIMARY KEY,
    syncs INTEGER NOT NULL,
    synced_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE model_rows (
    model TEXT NOT NULL REFERENCES models (model),
    row_key TEXT NOT NULL,
    checksum TEXT NOT NULL,
    identifiers TEXT NOT NULL,
    seen INTEGER NOT NULL,
    PRIMARY KEY (model, row_key)
) STRICT, WITHOUT ROWID;
