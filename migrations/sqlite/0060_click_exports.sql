-- Files of a workspace's clicks: what was asked for and how far it is. The file itself is an object.
-- The same change goes into migrations/postgres; a test compares the two schemas.

CREATE TABLE click_exports (
    id BLOB NOT NULL PRIMARY KEY,
    workspace_id BLOB NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    state TEXT NOT NULL,
    format TEXT NOT NULL,
    filters TEXT NOT NULL,
    request TEXT NOT NULL,
    bytes INTEGER,
    sha256 TEXT,
    error TEXT,
    created_by TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    finished_at INTEGER,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX click_exports_of_workspace ON click_exports (workspace_id, created_at, id);
CREATE INDEX click_exports_by_expiry ON click_exports (expires_at);
