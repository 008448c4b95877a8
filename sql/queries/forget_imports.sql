DELETE FROM imports WHERE content IN (SELECT value ->> 0 FROM json_each($1))
