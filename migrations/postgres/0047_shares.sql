-- Pages of statistics that whoever has their address sees, until they end or are revoked. token_hash is a SHA-256.
-- The same change goes into migrations/sqlite; a test compares the two schemas.
-- filters is a query string in the names of the API. A revoked share is kept for a while, so that its page can say so.
CREATE TABLE shares (
    id UUID NOT NULL PRIMARY KEY,
    workspace_id UUID NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    token_hash BYTEA NOT NULL UNIQUE,
    name TEXT NOT NULL,
    filters TEXT NOT NULL,
    password_hash TEXT,
    expires_at BIGINT,
    revoked_at BIGINT,
    created_by TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX shares_of_workspace ON shares (workspace_id, created_at, id);
