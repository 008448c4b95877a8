SELECT models.model, models.syncs, models.synced_at, count(model_rows.row_key)
FROM models
LEFT JOIN model_rows ON model_rows.model = models.model
GROUP BY models.model, models.syncs, models.synced_at
ORDER BY models.model
