-- How many numbers were given out, per subject. Whoever takes one holds its row until the transaction ends, so numbers
-- have no gaps and become visible in the order in which they were given.
CREATE TABLE numbers (
    subject TEXT COLLATE "C" PRIMARY KEY,
    given BIGINT NOT NULL
);

-- Rows travel as JSON text. SQLite has these two functions; with them here, one text of a query serves both.
CREATE FUNCTION json_each(rows TEXT) RETURNS TABLE (value JSON) LANGUAGE sql IMMUTABLE
    AS $$ SELECT element FROM json_array_elements(CAST(rows AS JSON)) AS element $$;

CREATE FUNCTION json_quote(words TEXT) RETURNS TEXT LANGUAGE sql STABLE
    AS $$ SELECT COALESCE(CAST(to_json(words) AS TEXT), 'null') $$;
