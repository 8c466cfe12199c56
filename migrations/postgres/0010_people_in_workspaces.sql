-- Workspaces that are being deleted, and people who are invited. A workspace in deletion has both times: when somebody deleted it, and
-- when it will be gone for good. The same change goes into migrations/sqlite; a test compares the two schemas.

ALTER TABLE workspaces ADD COLUMN deleted_at BIGINT;
ALTER TABLE workspaces ADD COLUMN purge_at BIGINT;
CREATE INDEX workspaces_by_purge ON workspaces (purge_at);

-- An invitation that was accepted or revoked is no row at all.
CREATE TABLE invitations (
    id UUID NOT NULL PRIMARY KEY,
    workspace_id UUID NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    email TEXT NOT NULL,
    email_key TEXT COLLATE "C" NOT NULL,
    role TEXT NOT NULL,
    token_hash BYTEA NOT NULL UNIQUE,
    invited_by UUID REFERENCES users (id) ON DELETE SET NULL,
    created_at BIGINT NOT NULL,
    sent_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    UNIQUE (workspace_id, email_key)
);
CREATE INDEX invitations_of_workspace ON invitations (workspace_id, created_at, id);
CREATE INDEX invitations_of_inviter ON invitations (invited_by);
