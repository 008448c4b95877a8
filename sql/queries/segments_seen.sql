SELECT DISTINCT segments_seen
FROM recordings
WHERE
    segments_seen IS NOT NULL
    AND (number = (SELECT MAX(number) FROM recordings) OR run_id IN (SELECT run_id FROM memberships))
