-- When the message was received that gave an identifier to its profile: limits with a period count from then. Of older
-- ones only the moment of the message itself is known.
ALTER TABLE identifiers ADD COLUMN attached_at INTEGER NOT NULL DEFAULT 0;

UPDATE identifiers SET attached_at = first_seen_at;

-- What was not taken, and why: messages, values that identify nobody, identifiers that one profile may not have too. Never
-- a value, only how often, when, where the last one stood or whom it was about.
CREATE TABLE refusals (
    source TEXT NOT NULL,
    subject TEXT NOT NULL, -- `message`, or the kind of identifier
    reason TEXT NOT NULL,
    count INTEGER NOT NULL,
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    sample TEXT, -- of the last one
    profile INTEGER,
    PRIMARY KEY (source, subject, reason)
) STRICT, WITHOUT ROWID;
