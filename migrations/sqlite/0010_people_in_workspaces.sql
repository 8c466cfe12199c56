-- Workspaces that are being deleted, and people who are invited. A workspace in deletion has both times: when somebody deleted it, and
-- when it will be gone for good. The same change goes into migrations/postgres; a test compares the two schemas.

ALTER TABLE workspaces ADD COLUMN deleted_at INTEGER;
ALTER TABLE workspaces ADD COLUMN purge_at INTEGER;
CREATE INDEX workspaces_by_purge ON workspaces (purge_at);

-- An invitation that was accepted or revoked is no row at all.
CREATE TABLE invitations (
    id BLOB NOT NULL PRIMARY KEY,
    workspace_id BLOB NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    email TEXT NOT NULL,
    email_key TEXT NOT NULL,
    role TEXT NOT NULL,
    token_hash BLOB NOT NULL UNIQUE,
    invited_by BLOB REFERENCES users (id) ON DELETE SET NULL,
    created_at INTEGER NOT NULL,
    sent_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    UNIQUE (workspace_id, email_key)
) STRICT;
CREATE INDEX invitations_of_workspace ON invitations (workspace_id, created_at, id);
CREATE INDEX invitations_of_inviter ON invitations (invited_by);
