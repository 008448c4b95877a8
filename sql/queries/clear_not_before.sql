DELETE FROM throttles WHERE destination = $1
