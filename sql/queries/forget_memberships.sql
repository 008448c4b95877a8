DELETE FROM memberships
