SELECT source, log, event, name, value_type, row_count, first_at, last_at
FROM observed
ORDER BY log, event, name, value_type, source
