SELECT collection, count(*)
FROM profiles
WHERE merged_into IS NULL AND profile NOT IN (SELECT profile FROM erasure_profiles)
GROUP BY collection
ORDER BY collection
