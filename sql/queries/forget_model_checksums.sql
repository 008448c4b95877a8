UPDATE model_rows SET checksum = '' WHERE model = $1
