SELECT '[' || string_agg(CAST(profile AS TEXT), ',') || ']'
FROM profiles
WHERE collection = 'accounts' AND profile >= $1
