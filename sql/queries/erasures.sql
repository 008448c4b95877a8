SELECT '[' || string_agg(
    '[' || json_quote(erasure_id) || ',' || requested_at || ',' || json_quote(requested_by) || ',' || suppress || ','
    || json_quote(state) || ',' || COALESCE(CAST(erased_at AS TEXT), 'null') || ',' || COALESCE(CAST(finished_at AS TEXT), 'null') || ',['
    || identifiers || ',' || links || ',' || events || ',' || trait_changes || ',' || segments || ',' || memberships || ','
    || ledger_rows || ',' || model_rows || ',' || damaged_files || ']]', ','
) || ']'
FROM (SELECT * FROM erasures ORDER BY requested_at DESC, erasure_id LIMIT $1) AS listed
