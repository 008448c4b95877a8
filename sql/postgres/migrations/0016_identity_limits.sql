-- When the message was received that gave an identifier to its profile: limits with a period count from then. Of older
-- ones only the moment of the message itself is known.
ALTER TABLE identifiers ADD COLUMN attached_at BIGINT NOT NULL DEFAULT 0;

UPDATE identifiers SET attached_at = first_seen_at;

-- What was not taken, and why: messages, values that identify nobody, identifiers that one profile may not have too. Never
-- a value, only how often, when, where the last one stood or whom it was about.
CREATE TABLE refusals (
    source TEXT COLLATE "C" NOT NULL,
    subject TEXT COLLATE "C" NOT NULL, -- `message`, or the kind of identifier
    reason TEXT COLLATE "C" NOT NULL,
    count BIGINT NOT NULL,
    first_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    sample TEXT COLLATE "C", -- of the last one
    profile BIGINT,
    PRIMARY KEY (source, subject, reason)
);
