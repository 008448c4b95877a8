DELETE FROM suppressed
WHERE digest IN (SELECT value ->> 0 FROM jsonb_each($1))
    -- Whoever was erased has other identifiers that only the erasure knows to be the same person's.
    OR digest IN (
        SELECT theirs.digest
        FROM tombstones AS named
        JOIN tombstones AS theirs ON theirs.erasure_id = named.erasure_id
        WHERE named.digest IN (SELECT value ->> 0 FROM jsonb_each($1))
    )
