SELECT audience, run_id, as_of, fingerprint, members FROM memberships
