-- Written anew, the file holds nothing in its free places. Then what is in the log moves into it, and the log is cut off.
VACUUM;
PRAGMA wal_checkpoint(TRUNCATE);
