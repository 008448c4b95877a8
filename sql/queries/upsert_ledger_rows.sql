INSERT INTO ledger_rows (ledger, profile, row_key, schema, cells, state, session_id, reason, updated_at)
SELECT
    CAST(value ->> 0 AS BIGINT), CAST(value ->> 1 AS BIGINT), CAST(value ->> 2 AS BIGINT), value ->> 3, value ->> 4,
    value ->> 5, CAST(value ->> 6 AS BIGINT), value ->> 7, CAST(value ->> 8 AS BIGINT)
FROM jsonb_each($1)
WHERE TRUE
ON CONFLICT (ledger, profile, row_key) DO UPDATE SET
    state = excluded.state,
    session_id = excluded.session_id,
    reason = excluded.reason,
    updated_at = excluded.updated_at
