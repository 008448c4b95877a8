-- Of somebody who was erased only the number is left: nobody is found by it.
SELECT COALESCE(merged_into, profile)
FROM profiles
WHERE public_id = $1
    AND NOT EXISTS (
        SELECT 1
        FROM erasure_profiles
        JOIN erasures ON erasures.erasure_id = erasure_profiles.erasure_id
        WHERE erasure_profiles.profile = profiles.profile AND erasures.erased_at IS NOT NULL
    )
