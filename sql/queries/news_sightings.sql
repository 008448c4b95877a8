SELECT '[' || string_agg('[' || json_quote(kind) || ',' || profile || ',' || first_seen_at || ']', ',') || ']'
FROM identifiers
WHERE profile >= $1
