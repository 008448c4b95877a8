SELECT MIN(kind) FROM identifiers WHERE kind > $1
