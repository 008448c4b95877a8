SELECT MAX(value), '[' || string_agg('[' || profile || ',' || first_seen_at || ']', ',') || ']'
FROM (
    SELECT value, profile, first_seen_at
    FROM identifiers
    WHERE kind = $1 AND value > $2
    ORDER BY value
    LIMIT $3
) AS page
