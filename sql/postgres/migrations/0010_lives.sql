-- Keys of retired audiences: never used again, since destinations could not tell old members from new ones.
CREATE TABLE retired_audiences (
    audience TEXT COLLATE "C" PRIMARY KEY,
    retired_at BIGINT NOT NULL
);

-- What guards compare with, and what they hold.
CREATE TABLE guards (
    audience TEXT COLLATE "C" PRIMARY KEY,
    allowed BYTEA, -- the membership that was last allowed to be sent; none was yet where there is none
    allowed_at BIGINT,
    held_since_at BIGINT, -- nothing is held where there is no moment
    reason TEXT COLLATE "C"
);

-- Members whom a sync that starts with new ones only found at its start, and who have not exited since.
CREATE TABLE sync_starts (
    audience TEXT COLLATE "C" NOT NULL,
    destination TEXT COLLATE "C" NOT NULL,
    members BYTEA NOT NULL,
    PRIMARY KEY (audience, destination)
);
