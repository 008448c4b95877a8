-- Looking one profile up: by its public id, whom it was merged with, which users an account has.
CREATE UNIQUE INDEX profiles_public_id ON profiles (public_id);
CREATE INDEX merges_loser ON merges (loser);
CREATE INDEX account_links_account ON account_links (account_profile, user_profile);

-- What a key is good for: `write` lets messages in, `read` lets profiles be asked for. Of each only the SHA-256 is kept.
ALTER TABLE write_keys ADD COLUMN purpose TEXT NOT NULL DEFAULT 'write';
