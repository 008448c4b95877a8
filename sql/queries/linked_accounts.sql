SELECT others.profile, others.public_id, min(account_links.since_at)
FROM account_links
JOIN profiles AS named ON named.profile = account_links.account_profile
JOIN profiles AS others ON others.profile = COALESCE(named.merged_into, named.profile)
WHERE account_links.user_profile IN (
    SELECT profile FROM profiles WHERE profile = $1
    UNION ALL
    SELECT profile FROM profiles WHERE merged_into = $1
)
    AND others.profile > $2
GROUP BY others.profile, others.public_id
ORDER BY others.profile
LIMIT $3
