UPDATE runs SET fingerprint = 'forgotten ' || run_id WHERE as_of >= $1
