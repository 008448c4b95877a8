DELETE FROM model_rows
WHERE (model, row_key) IN (SELECT value ->> 0, value ->> 1 FROM jsonb_each($1))
