-- Files of a workspace's clicks: what was asked for and how far it is. The file itself is an object.
-- The same change goes into migrations/sqlite; a test compares the two schemas.

CREATE TABLE click_exports (
    id UUID NOT NULL PRIMARY KEY,
    workspace_id UUID NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    state TEXT NOT NULL,
    format TEXT NOT NULL,
    filters TEXT NOT NULL,
    request TEXT NOT NULL,
    bytes BIGINT,
    sha256 TEXT,
    error TEXT,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    finished_at BIGINT,
    expires_at BIGINT NOT NULL
);
CREATE INDEX click_exports_of_workspace ON click_exports (workspace_id, created_at, id);
CREATE INDEX click_exports_by_expiry ON click_exports (expires_at);
