SELECT as_of FROM runs WHERE run_id = $1
