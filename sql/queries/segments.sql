SELECT number, path, log, event, day, row_count, first_at, last_at, bytes, columns
FROM segments
ORDER BY number
