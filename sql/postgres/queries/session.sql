-- Every query goes along a key. Without statistics (a store just filled) the planner would rather sort whole tables.
SET enable_seqscan = off;
SET enable_bitmapscan = off;
SET client_min_messages = warning;
