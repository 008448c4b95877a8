SELECT workspace_id FROM workspace
