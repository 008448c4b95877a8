PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA foreign_keys = ON;
PRAGMA busy_timeout = 5000;
-- 64 MB: identifiers arrive in no order, so each touches another page.
PRAGMA cache_size = -65536;
