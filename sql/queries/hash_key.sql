SELECT hash_key FROM workspace
