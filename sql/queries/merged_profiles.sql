SELECT profiles.profile, profiles.public_id, merges.merged_at
FROM profiles
JOIN merges ON merges.loser = profiles.profile
WHERE profiles.merged_into = $1
ORDER BY profiles.profile
