SELECT content, source, lines, accepted, duplicates, rejected, finished_at FROM imports WHERE content = $1
