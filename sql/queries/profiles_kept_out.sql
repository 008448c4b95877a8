SELECT '[' || string_agg(CAST(profile AS TEXT), ',') || ']'
FROM (
    SELECT profile FROM suppressed WHERE profile IS NOT NULL
    UNION
    SELECT erasure_profiles.profile
    FROM erasures
    JOIN erasure_profiles ON erasure_profiles.erasure_id = erasures.erasure_id
    WHERE erasures.erased_at IS NULL
) AS kept_out
