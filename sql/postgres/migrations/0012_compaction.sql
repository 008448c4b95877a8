-- Paths that the manifest named until a merged segment took over their rows. They are never named again: a flush that was
-- done and compacted since is refused like any other that is done twice.
CREATE TABLE replaced_segments (
    path TEXT COLLATE "C" PRIMARY KEY,
    merged_path TEXT COLLATE "C" NOT NULL
);
