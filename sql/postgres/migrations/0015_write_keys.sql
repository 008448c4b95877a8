-- Whose messages may come in over HTTP. Of a key only its SHA-256 is kept.
CREATE TABLE write_keys (
    key_hash TEXT COLLATE "C" PRIMARY KEY,
    source TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT
);
