SELECT COUNT(*)
FROM replaced_segments
WHERE path IN (SELECT value ->> 0 FROM json_each($1))
