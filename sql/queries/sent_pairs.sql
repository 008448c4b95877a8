SELECT audience, destination
FROM ledgers
WHERE EXISTS (SELECT 1 FROM ledger_rows WHERE ledger_rows.ledger = ledgers.ledger AND ledger_rows.state <> 'rejected')
