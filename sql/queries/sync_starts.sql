SELECT audience, destination, members FROM sync_starts
