-- What questions about the clicks of a workspace may take, where that is not what the settings say.
-- The same change goes into migrations/sqlite; a test compares the two schemas.

CREATE TABLE query_limits (
    workspace_id UUID NOT NULL PRIMARY KEY REFERENCES workspaces (id) ON DELETE CASCADE,
    seconds_max BIGINT,
    clicks_max BIGINT,
    queries_max BIGINT
);
