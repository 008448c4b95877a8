UPDATE numbers SET given = given + $2 WHERE subject = $1 RETURNING given
