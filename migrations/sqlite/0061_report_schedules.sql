-- Reports that members get by mail, week by week or month by month.
-- The same change goes into migrations/postgres; a test compares the two schemas.

CREATE TABLE report_schedules (
    id BLOB NOT NULL PRIMARY KEY,
    workspace_id BLOB NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    filters TEXT NOT NULL,
    request TEXT NOT NULL,
    folder_id BLOB,
    every TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    recipients TEXT NOT NULL,
    is_paused INTEGER NOT NULL,
    next_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX report_schedules_of_workspace ON report_schedules (workspace_id, created_at, id);
CREATE INDEX report_schedules_by_time ON report_schedules (next_at);
