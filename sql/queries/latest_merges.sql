SELECT merges.merged_at, winners.public_id, losers.public_id
FROM merges
JOIN profiles AS winners ON winners.profile = merges.winner
JOIN profiles AS losers ON losers.profile = merges.loser
ORDER BY merges.number DESC
LIMIT $1
