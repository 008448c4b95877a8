SELECT '[' || string_agg('[' || winner || ',' || loser || ',' || merged_at || ']', ',') || ']'
FROM (SELECT winner, loser, merged_at FROM merges WHERE number > $1 ORDER BY number) AS later
