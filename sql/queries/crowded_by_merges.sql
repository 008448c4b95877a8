SELECT survivors.public_id, counted.merges
FROM (
    SELECT merged_into AS profile, count(*) AS merges
    FROM profiles
    WHERE merged_into IS NOT NULL
    GROUP BY merged_into
    HAVING count(*) >= $1
) AS counted
JOIN profiles AS survivors ON survivors.profile = counted.profile
ORDER BY counted.merges DESC, counted.profile
LIMIT $2
