SELECT runs.run_id, runs.as_of, changes.audience, changes.reason, changes.entered, changes.exited
FROM runs
JOIN recordings ON recordings.run_id = runs.run_id
JOIN changes ON changes.run_id = runs.run_id
WHERE runs.as_of BETWEEN $1 AND $2 AND ($3 IS NULL OR changes.audience = $3)
-- Members move to their new numbers before anything else of a run happens.
ORDER BY recordings.number, changes.audience, CASE changes.reason WHEN 'moved' THEN 0 ELSE 1 END, changes.reason
