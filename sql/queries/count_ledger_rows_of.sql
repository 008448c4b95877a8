SELECT destination, COUNT(*)
FROM ledger_rows
JOIN ledgers ON ledgers.ledger = ledger_rows.ledger
WHERE ledger_rows.profile IN (SELECT CAST(value ->> 0 AS BIGINT) FROM jsonb_each($1))
GROUP BY destination
ORDER BY destination
