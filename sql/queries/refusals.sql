SELECT
    refusals.source, refusals.subject, refusals.reason, refusals.count, refusals.first_at, refusals.last_at, refusals.sample,
    survivors.public_id
FROM refusals
LEFT JOIN profiles ON profiles.profile = refusals.profile
LEFT JOIN profiles AS survivors ON survivors.profile = COALESCE(profiles.merged_into, profiles.profile)
ORDER BY refusals.last_at DESC, refusals.source, refusals.subject, refusals.reason
LIMIT $1
