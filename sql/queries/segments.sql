SELECT number, path, log, event, day, row_count, first_at, last_at, bytes
FROM segments
ORDER BY number
