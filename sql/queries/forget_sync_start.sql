DELETE FROM sync_starts
WHERE audience = $1 AND destination = $2 AND NOT EXISTS (
    SELECT 1
    FROM ledgers
    JOIN ledger_rows ON ledger_rows.ledger = ledgers.ledger
    WHERE ledgers.audience = $1 AND ledgers.destination = $2 AND ledger_rows.state <> 'rejected'
)
