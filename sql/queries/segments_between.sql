SELECT number, path, log, event, day, row_count, first_at, last_at, bytes, columns
FROM segments
WHERE log = 'events' AND last_at >= $1 AND first_at <= $2
ORDER BY number
