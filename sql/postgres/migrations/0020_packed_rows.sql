-- Rows that travel as JSON text are unpacked by what SQLite calls `jsonb_each`: there it parses the text once for all rows.
ALTER FUNCTION json_each(TEXT) RENAME TO jsonb_each;
