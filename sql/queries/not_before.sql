SELECT not_before_at FROM throttles WHERE destination = $1
