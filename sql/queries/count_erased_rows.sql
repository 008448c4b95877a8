UPDATE erasures SET segments = segments + 1, events = events + $2, trait_changes = trait_changes + $3 WHERE erasure_id = $1
