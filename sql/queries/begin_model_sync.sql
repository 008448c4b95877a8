INSERT INTO models (model, syncs, synced_at)
VALUES ($1, 1, NULL)
ON CONFLICT (model) DO UPDATE SET syncs = models.syncs + 1
RETURNING syncs
