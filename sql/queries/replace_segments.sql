INSERT INTO replaced_segments (path, merged_path)
SELECT path, $1
FROM segments
WHERE log = $2 AND event = $3 AND number IN (SELECT CAST(value ->> 0 AS BIGINT) FROM jsonb_each($4))
