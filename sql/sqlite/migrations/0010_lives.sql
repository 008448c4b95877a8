-- Keys of retired audiences: never used again, since destinations could not tell old members from new ones.
CREATE TABLE retired_audiences (
    audience TEXT PRIMARY KEY,
    retired_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What guards compare with, and what they hold.
CREATE TABLE guards (
    audience TEXT PRIMARY KEY,
    allowed BLOB, -- the membership that was last allowed to be sent; none was yet where there is none
    allowed_at INTEGER,
    held_since_at INTEGER, -- nothing is held where there is no moment
    reason TEXT
) STRICT;

-- Members whom a sync that starts with new ones only found at its start, and who have not exited since.
CREATE TABLE sync_starts (
    audience TEXT NOT NULL,
    destination TEXT NOT NULL,
    members BLOB NOT NULL,
    PRIMARY KEY (audience, destination)
) STRICT;
