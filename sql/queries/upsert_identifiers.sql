INSERT INTO identifiers (kind, value, profile, first_seen_at, attached_at)
SELECT value ->> 0, value ->> 1, CAST(value ->> 2 AS BIGINT), CAST(value ->> 3 AS BIGINT), CAST(value ->> 4 AS BIGINT)
FROM jsonb_each($1)
WHERE TRUE
ON CONFLICT (kind, value) DO UPDATE SET
    profile = excluded.profile,
    first_seen_at = CASE
        WHEN excluded.first_seen_at < identifiers.first_seen_at THEN excluded.first_seen_at
        ELSE identifiers.first_seen_at
    END
WHERE excluded.profile <> identifiers.profile OR excluded.first_seen_at < identifiers.first_seen_at
