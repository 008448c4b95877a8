-- Profiles of whom identifiers or links became known, or other ones, after they were created, in that order: whoever knows
-- everybody asks for what came since. Old ones are forgotten, and where very many change at once none is named: either way
-- numbers are missing, and everybody has to be asked for.
CREATE TABLE identity_changes (
    number INTEGER PRIMARY KEY,
    profile INTEGER NOT NULL
) STRICT;

INSERT INTO numbers (subject, given) VALUES ('identity_changes', 0);
