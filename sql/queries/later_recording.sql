SELECT runs.as_of
FROM runs
JOIN recordings ON recordings.run_id = runs.run_id
WHERE runs.as_of > $1
ORDER BY runs.as_of DESC
LIMIT 1
