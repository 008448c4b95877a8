-- Every query goes along keys. Without statistics, as in a store just filled, the planner would rather sort or hash whole
-- tables, and compile for it.
SET enable_bitmapscan = off;
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SET jit = off;
SET client_min_messages = warning;
