-- Who is who. Identifiers and links keep naming the profile they were attached to; whoever reads them goes on to the
-- survivor, which is one step away: `merged_into` is flattened whenever two profiles merge.
CREATE TABLE profiles (
    profile INTEGER PRIMARY KEY,
    collection TEXT NOT NULL,
    public_id TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    merged_into INTEGER REFERENCES profiles (profile)
) STRICT;

CREATE INDEX profiles_merged ON profiles (merged_into) WHERE merged_into IS NOT NULL;
CREATE INDEX profiles_accounts ON profiles (profile) WHERE collection = 'accounts';

CREATE TABLE identifiers (
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    profile INTEGER NOT NULL REFERENCES profiles (profile),
    first_seen_at INTEGER NOT NULL,
    PRIMARY KEY (kind, value)
) STRICT, WITHOUT ROWID;

CREATE INDEX identifiers_profile ON identifiers (profile);

CREATE TABLE merges (
    number INTEGER PRIMARY KEY,
    winner INTEGER NOT NULL REFERENCES profiles (profile),
    loser INTEGER NOT NULL REFERENCES profiles (profile),
    merged_at INTEGER NOT NULL
) STRICT;

CREATE TABLE account_links (
    user_profile INTEGER NOT NULL REFERENCES profiles (profile),
    account_profile INTEGER NOT NULL REFERENCES profiles (profile),
    since_at INTEGER NOT NULL, -- the earliest message that said so
    PRIMARY KEY (user_profile, account_profile)
) STRICT, WITHOUT ROWID;

INSERT INTO numbers (subject, given) VALUES ('profiles', 0), ('merges', 0);
