-- Pages of statistics that whoever has their address sees, until they end or are revoked. token_hash is a SHA-256.
-- The same change goes into migrations/postgres; a test compares the two schemas.
-- filters is a query string in the names of the API. A revoked share is kept for a while, so that its page can say so.
CREATE TABLE shares (
    id BLOB NOT NULL PRIMARY KEY,
    workspace_id BLOB NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    token_hash BLOB NOT NULL UNIQUE,
    name TEXT NOT NULL,
    filters TEXT NOT NULL,
    password_hash TEXT,
    expires_at INTEGER,
    revoked_at INTEGER,
    created_by TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX shares_of_workspace ON shares (workspace_id, created_at, id);
