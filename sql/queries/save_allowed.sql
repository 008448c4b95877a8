UPDATE guards SET allowed = $2 WHERE audience = $1
