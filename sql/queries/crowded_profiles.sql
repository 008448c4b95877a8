SELECT survivors.public_id, counted.identifiers
FROM (
    SELECT COALESCE(profiles.merged_into, profiles.profile) AS profile, count(*) AS identifiers
    FROM identifiers
    JOIN profiles ON profiles.profile = identifiers.profile
    WHERE identifiers.kind = $1 AND identifiers.attached_at > $2
    GROUP BY COALESCE(profiles.merged_into, profiles.profile)
    HAVING count(*) >= $3
) AS counted
JOIN profiles AS survivors ON survivors.profile = counted.profile
ORDER BY counted.identifiers DESC, counted.profile
LIMIT $4
