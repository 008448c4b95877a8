-- The manifest of the lake: a file that is not named here does not exist.
CREATE TABLE segments (
    number BIGINT PRIMARY KEY,
    path TEXT COLLATE "C" NOT NULL UNIQUE,
    log TEXT COLLATE "C" NOT NULL,
    event TEXT COLLATE "C" NOT NULL, -- the event's name; empty for traits
    day BIGINT NOT NULL, -- days since 1970-01-01, UTC
    row_count BIGINT NOT NULL,
    first_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    columns TEXT NOT NULL -- names and types of properties, with how many rows have one, as JSON
);

CREATE INDEX segments_log_day ON segments (log, event, day);

INSERT INTO numbers (subject, given) VALUES ('segments', 0);
