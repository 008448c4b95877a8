-- How far each imported file has come, known by its content.
CREATE TABLE imports (
    content TEXT PRIMARY KEY,
    source TEXT NOT NULL,
    lines INTEGER NOT NULL,
    accepted INTEGER NOT NULL,
    duplicates INTEGER NOT NULL,
    rejected INTEGER NOT NULL,
    finished_at INTEGER
) STRICT, WITHOUT ROWID;
