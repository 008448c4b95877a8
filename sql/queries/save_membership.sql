INSERT INTO memberships (audience, run_id, as_of, since_as_of, fingerprint, members) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (audience) DO UPDATE SET
    run_id = excluded.run_id,
    as_of = excluded.as_of,
    fingerprint = excluded.fingerprint,
    members = excluded.members
