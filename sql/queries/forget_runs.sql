DELETE FROM runs WHERE as_of >= $1
