-- What was said of each row of a model, to tell what changed. Checksum: of what the row said; empty when it was forgotten.
CREATE TABLE models (
    model TEXT COLLATE "C" PRIMARY KEY,
    syncs BIGINT NOT NULL,
    synced_at BIGINT
);

CREATE TABLE model_rows (
    model TEXT COLLATE "C" NOT NULL REFERENCES models (model),
    row_key TEXT COLLATE "C" NOT NULL,
    checksum TEXT COLLATE "C" NOT NULL,
    identifiers TEXT NOT NULL,
    seen BIGINT NOT NULL,
    PRIMARY KEY (model, row_key)
);
