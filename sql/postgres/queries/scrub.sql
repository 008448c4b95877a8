-- Frees the places of deleted rows. What the server keeps elsewhere (its log, archives, backups) is not ours.
VACUUM identifiers, account_links, profiles, ledger_rows, model_rows, memberships, changes, guards, sync_starts;
