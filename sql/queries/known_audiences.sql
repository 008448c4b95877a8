SELECT audience FROM memberships
UNION
SELECT audience FROM remote_audiences
UNION
SELECT audience FROM ledgers
