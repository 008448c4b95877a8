SELECT '[' || string_agg('[' || profile || ',' || merged_into || ']', ',') || ']'
FROM profiles
WHERE merged_into IS NOT NULL
