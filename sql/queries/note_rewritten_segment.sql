INSERT INTO replaced_segments (path, merged_path)
SELECT path, $1
FROM segments
WHERE number = $2 AND path = $3
