SELECT not_before_at FROM throttles WHERE subject = $1
