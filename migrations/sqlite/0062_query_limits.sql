-- What questions about the clicks of a workspace may take, where that is not what the settings say.
-- The same change goes into migrations/postgres; a test compares the two schemas.

CREATE TABLE query_limits (
    workspace_id BLOB NOT NULL PRIMARY KEY REFERENCES workspaces (id) ON DELETE CASCADE,
    seconds_max INTEGER,
    clicks_max INTEGER,
    queries_max INTEGER
) STRICT;
