DELETE FROM replaced_segments WHERE path = $1
