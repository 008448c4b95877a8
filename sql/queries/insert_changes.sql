-- Bitmaps do not travel in JSON: they stand in one row of bytes, and each change says where its two begin and how long they are.
INSERT INTO changes (run_id, audience, reason, entered, exited)
SELECT
    value ->> 0, value ->> 1, value ->> 2,
    substr($2, CAST(value ->> 3 AS INTEGER), CAST(value ->> 4 AS INTEGER)),
    substr($2, CAST(value ->> 5 AS INTEGER), CAST(value ->> 6 AS INTEGER))
FROM jsonb_each($1)
