-- How many numbers were given out, per subject. Whoever takes one holds its row until the transaction ends, so numbers
-- have no gaps and become visible in the order in which they were given.
CREATE TABLE numbers (
    subject TEXT PRIMARY KEY,
    given INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
