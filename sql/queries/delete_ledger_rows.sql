DELETE FROM ledger_rows
WHERE (ledger, profile, row_key) IN (
    SELECT CAST(value ->> 0 AS BIGINT), CAST(value ->> 1 AS BIGINT), CAST(value ->> 2 AS BIGINT) FROM jsonb_each($1)
)
