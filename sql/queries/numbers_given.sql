SELECT given FROM numbers WHERE subject = $1
