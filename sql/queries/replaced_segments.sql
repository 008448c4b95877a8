SELECT COUNT(*)
FROM replaced_segments
WHERE path IN (SELECT value ->> 0 FROM jsonb_each($1))
