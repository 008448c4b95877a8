DELETE FROM identity_changes WHERE number < $1
