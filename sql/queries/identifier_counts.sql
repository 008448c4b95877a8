SELECT kind, count(*) FROM identifiers GROUP BY kind ORDER BY kind
