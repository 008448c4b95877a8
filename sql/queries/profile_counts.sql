SELECT collection, count(*) FROM profiles WHERE merged_into IS NULL GROUP BY collection ORDER BY collection
