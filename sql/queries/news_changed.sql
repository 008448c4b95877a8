SELECT '[' || string_agg(CAST(profile AS TEXT), ',') || ']'
FROM identity_changes
WHERE number >= $1
