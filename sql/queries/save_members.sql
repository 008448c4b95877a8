UPDATE memberships SET members = $2 WHERE audience = $1
