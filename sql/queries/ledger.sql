SELECT ledger FROM ledgers WHERE audience = $1 AND destination = $2
