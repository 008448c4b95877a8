SELECT '[' || string_agg(
    '[' || ledger_rows.profile || ',' || json_quote(audience) || ',' || json_quote(destination) || ',' || json_quote(schema) || ','
    || json_quote(cells) || ',' || json_quote(state) || ',' || COALESCE(CAST(session_id AS TEXT), 'null') || ',' || json_quote(reason) || ',' || updated_at
    || ']', ','
) || ']'
FROM (SELECT CAST(value ->> 0 AS BIGINT) AS profile FROM jsonb_each($1)) AS asked
CROSS JOIN ledgers
JOIN ledger_rows ON ledger_rows.ledger = ledgers.ledger AND ledger_rows.profile = asked.profile
