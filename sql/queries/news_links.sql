SELECT '[' || string_agg('[' || user_profile || ',' || account_profile || ',' || since_at || ']', ',') || ']'
FROM account_links
WHERE user_profile >= $1
