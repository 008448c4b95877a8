-- Takes the write lock at once: waiting for it later would fail where a reader has to become a writer.
BEGIN IMMEDIATE
