SELECT '[' || string_agg(json_quote(digest), ',') || ']' FROM suppressed
