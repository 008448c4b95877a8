-- The manifest of the lake: a file that is not named here does not exist.
CREATE TABLE segments (
    number INTEGER PRIMARY KEY,
    path TEXT NOT NULL UNIQUE,
    log TEXT NOT NULL,
    event TEXT NOT NULL, -- the event's name; empty for traits
    day INTEGER NOT NULL, -- days since 1970-01-01, UTC
    row_count INTEGER NOT NULL,
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    columns TEXT NOT NULL -- names and types of properties, with how many rows have one, as JSON
) STRICT;

CREATE INDEX segments_log_day ON segments (log, event, day);

INSERT INTO numbers (subject, given) VALUES ('segments', 0);
