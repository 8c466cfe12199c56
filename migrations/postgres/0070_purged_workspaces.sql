-- Workspaces that are gone for good. What is kept elsewhere of them, clicks and objects, is erased again and again, because clicks may come late.
-- The same change goes into migrations/sqlite; a test compares the two schemas.
-- Nothing refers to it and nothing is ever taken out of it.
CREATE TABLE purged_workspaces (
    id UUID NOT NULL PRIMARY KEY,
    purged_at BIGINT NOT NULL
);
-- Those of before, as the trail of the instance tells.
INSERT INTO purged_workspaces (id, purged_at)
    SELECT substr(target, 4)::uuid, created_at FROM audit_events
    WHERE chain = '00000000-0000-0000-0000-000000000000' AND action = 'workspace.purged' AND target ~ '^ws_[0-9a-f]{32}$'
    ON CONFLICT DO NOTHING;
