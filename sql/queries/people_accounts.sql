SELECT '[' || string_agg(CAST(profile AS TEXT), ',') || ']'
FROM profiles
WHERE collection = 'accounts'
