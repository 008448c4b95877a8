INSERT INTO imports (content, source, lines, accepted, duplicates, rejected, finished_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (content) DO UPDATE SET
    source = excluded.source,
    lines = excluded.lines,
    accepted = excluded.accepted,
    duplicates = excluded.duplicates,
    rejected = excluded.rejected,
    finished_at = excluded.finished_at
