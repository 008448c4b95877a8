PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA foreign_keys = ON;
PRAGMA busy_timeout = 5000;
-- 64 MB: identifiers arrive in no order, so each touches another page.
PRAGMA cache_size = -65536;
-- What undoes a statement that fails half-way is needed by this process alone: no file for it.
PRAGMA temp_store = MEMORY;
-- 32 MB: a batch of an import is larger than the 4 MB after which the log would be copied back each time.
PRAGMA wal_autocheckpoint = 8192;
