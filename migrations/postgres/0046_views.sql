-- What people look at again and again: the filters of a page, under a name. query is a query string in the names of the API.
-- The same change goes into migrations/sqlite; a test compares the two schemas.
-- owner is who made it. Others see it only where is_shared is true.
CREATE TABLE views (
    id UUID NOT NULL PRIMARY KEY,
    workspace_id UUID NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    page TEXT NOT NULL,
    query TEXT NOT NULL,
    is_shared BOOLEAN NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX views_of_workspace ON views (workspace_id, created_at, id);
