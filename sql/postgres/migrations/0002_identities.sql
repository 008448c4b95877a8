-- Who is who. Identifiers and links keep naming the profile they were attached to; whoever reads them goes on to the
-- survivor, which is one step away: `merged_into` is flattened whenever two profiles merge.
CREATE TABLE profiles (
    profile BIGINT PRIMARY KEY,
    collection TEXT COLLATE "C" NOT NULL,
    public_id TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    merged_into BIGINT REFERENCES profiles (profile)
);

CREATE INDEX profiles_merged ON profiles (merged_into) WHERE merged_into IS NOT NULL;
CREATE INDEX profiles_accounts ON profiles (profile) WHERE collection = 'accounts';

CREATE TABLE identifiers (
    kind TEXT COLLATE "C" NOT NULL,
    value TEXT COLLATE "C" NOT NULL,
    profile BIGINT NOT NULL REFERENCES profiles (profile),
    first_seen_at BIGINT NOT NULL,
    PRIMARY KEY (kind, value)
);

CREATE INDEX identifiers_profile ON identifiers (profile);

CREATE TABLE merges (
    number BIGINT PRIMARY KEY,
    winner BIGINT NOT NULL REFERENCES profiles (profile),
    loser BIGINT NOT NULL REFERENCES profiles (profile),
    merged_at BIGINT NOT NULL
);

CREATE TABLE account_links (
    user_profile BIGINT NOT NULL REFERENCES profiles (profile),
    account_profile BIGINT NOT NULL REFERENCES profiles (profile),
    since_at BIGINT NOT NULL, -- the earliest message that said so
    PRIMARY KEY (user_profile, account_profile)
);

INSERT INTO numbers (subject, given) VALUES ('profiles', 0), ('merges', 0);
