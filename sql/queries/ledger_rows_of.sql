SELECT '[' || string_agg(
    '[' || ledger_rows.profile || ',' || json_quote(audience) || ',' || json_quote(schema) || ',' || json_quote(cells) || ','
    || json_quote(state) || ',' || COALESCE(CAST(session_id AS TEXT), 'null') || ',' || json_quote(reason) || ',' || updated_at
    || ']', ','
) || ']'
FROM (SELECT CAST(value ->> 0 AS BIGINT) AS profile, value ->> 1 AS destination FROM jsonb_each($1)) AS asked
JOIN ledgers ON ledgers.destination = asked.destination
JOIN ledger_rows ON ledger_rows.ledger = ledgers.ledger AND ledger_rows.profile = asked.profile
