UPDATE erasures
SET state = $2, erased_at = $3, identifiers = $4, links = $5, ledger_rows = $6, model_rows = $7
WHERE erasure_id = $1
