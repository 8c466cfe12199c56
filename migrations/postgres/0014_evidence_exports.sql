-- Archives of a part of a workspace's audit trail: what was asked for and how far it is. The archive itself is an object.
-- The same change goes into migrations/sqlite; a test compares the two schemas.

CREATE TABLE evidence_exports (
    id UUID NOT NULL PRIMARY KEY,
    workspace_id UUID NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    state TEXT NOT NULL,
    after_sequence BIGINT NOT NULL,
    through_sequence BIGINT NOT NULL,
    bytes BIGINT,
    sha256 TEXT,
    error TEXT,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    finished_at BIGINT,
    expires_at BIGINT NOT NULL
);
CREATE INDEX evidence_exports_of_workspace ON evidence_exports (workspace_id, created_at, id);
CREATE INDEX evidence_exports_by_expiry ON evidence_exports (expires_at);
