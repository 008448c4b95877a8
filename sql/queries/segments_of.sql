SELECT number, path, log, event, day, row_count, first_at, last_at, bytes, columns
FROM segments
WHERE log = $1 AND event = $2 AND last_at >= $3 AND day <= $4
ORDER BY number
