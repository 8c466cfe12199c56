-- Archives of a part of a workspace's audit trail: what was asked for and how far it is. The archive itself is an object.
-- The same change goes into migrations/postgres; a test compares the two schemas.

CREATE TABLE evidence_exports (
    id BLOB NOT NULL PRIMARY KEY,
    workspace_id BLOB NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    state TEXT NOT NULL,
    after_sequence INTEGER NOT NULL,
    through_sequence INTEGER NOT NULL,
    bytes INTEGER,
    sha256 TEXT,
    error TEXT,
    created_by TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    finished_at INTEGER,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX evidence_exports_of_workspace ON evidence_exports (workspace_id, created_at, id);
CREATE INDEX evidence_exports_by_expiry ON evidence_exports (expires_at);
