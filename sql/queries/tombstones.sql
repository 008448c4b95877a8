SELECT '[' || string_agg('[' || json_quote(digest) || ',' || COALESCE(CAST(erased_at AS TEXT), 'null') || ']', ',') || ']'
FROM tombstones
