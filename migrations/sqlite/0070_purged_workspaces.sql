-- Workspaces that are gone for good. What is kept elsewhere of them, clicks and objects, is erased again and again, because clicks may come late.
-- The same change goes into migrations/postgres; a test compares the two schemas.
-- Nothing refers to it and nothing is ever taken out of it.
CREATE TABLE purged_workspaces (
    id BLOB NOT NULL PRIMARY KEY,
    purged_at INTEGER NOT NULL
) STRICT;
-- Those of before, as the trail of the instance tells.
INSERT OR IGNORE INTO purged_workspaces (id, purged_at)
    SELECT unhex(substr(target, 4)), created_at FROM audit_events
    WHERE chain = zeroblob(16) AND action = 'workspace.purged' AND length(unhex(substr(target, 4))) = 16;
