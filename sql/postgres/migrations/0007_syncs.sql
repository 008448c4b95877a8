-- What waits to be sent, how the last sync of each pair went, and what is known of the other side.
CREATE TABLE pending_syncs (
    sync_id BIGINT PRIMARY KEY, -- a new one each time the sync is asked for: settling an older one changes nothing
    audience TEXT COLLATE "C" NOT NULL,
    destination TEXT COLLATE "C" NOT NULL,
    run_id TEXT COLLATE "C" NOT NULL,
    first_asked_at BIGINT NOT NULL,
    UNIQUE (audience, destination)
);

CREATE TABLE sync_statuses (
    audience TEXT COLLATE "C" NOT NULL,
    destination TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    message TEXT COLLATE "C",
    sendable BIGINT,
    rows_added BIGINT NOT NULL,
    rows_removed BIGINT NOT NULL,
    mapping TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (audience, destination)
);

CREATE TABLE remote_audiences (
    audience TEXT COLLATE "C" NOT NULL,
    destination TEXT COLLATE "C" NOT NULL,
    remote_id TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (audience, destination)
);

CREATE TABLE throttles (
    destination TEXT COLLATE "C" PRIMARY KEY,
    not_before_at BIGINT NOT NULL
);

INSERT INTO numbers (subject, given) VALUES ('syncs', 0);
