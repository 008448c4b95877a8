DELETE FROM ledger_rows
WHERE ledger IN (SELECT ledger FROM ledgers) AND profile IN (SELECT CAST(value ->> 0 AS BIGINT) FROM jsonb_each($1))
