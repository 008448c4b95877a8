DELETE FROM suppressed WHERE digest IN (SELECT value ->> 0 FROM json_each($1))
