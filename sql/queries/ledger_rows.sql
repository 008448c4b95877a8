SELECT '[' || string_agg(
    '[' || profile || ',' || row_key || ',' || json_quote(schema) || ',' || json_quote(cells) || ',' || json_quote(state)
    || ',' || COALESCE(CAST(session_id AS TEXT), 'null') || ',' || json_quote(reason) || ',' || updated_at || ']', ','
) || ']'
FROM (
    SELECT profile, row_key, schema, cells, state, session_id, reason, updated_at
    FROM ledger_rows
    WHERE ledger = $1 AND (profile, row_key) > ($2, $3)
    ORDER BY profile, row_key
    LIMIT $4
) AS page
