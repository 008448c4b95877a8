SELECT sync_id, audience, destination, run_id, first_asked_at
FROM pending_syncs
ORDER BY first_asked_at, audience, destination
