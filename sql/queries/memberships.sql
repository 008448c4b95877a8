SELECT audience, run_id, as_of, since_as_of, fingerprint, members FROM memberships
