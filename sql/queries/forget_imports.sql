DELETE FROM imports WHERE content IN (SELECT value ->> 0 FROM jsonb_each($1))
