-- Reports that members get by mail, week by week or month by month.
-- The same change goes into migrations/sqlite; a test compares the two schemas.

CREATE TABLE report_schedules (
    id UUID NOT NULL PRIMARY KEY,
    workspace_id UUID NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    filters TEXT NOT NULL,
    request TEXT NOT NULL,
    folder_id UUID,
    every TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    recipients TEXT NOT NULL,
    is_paused BOOLEAN NOT NULL,
    next_at BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX report_schedules_of_workspace ON report_schedules (workspace_id, created_at, id);
CREATE INDEX report_schedules_by_time ON report_schedules (next_at);
