-- Who people are to providers of identity, and what providers gave them. The same change goes into migrations/sqlite; a test
-- compares the two schemas.
-- A subject belongs to one person. email is the address that the provider told last.
CREATE TABLE external_identities (
    id UUID NOT NULL PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    provider TEXT NOT NULL,
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    email TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    UNIQUE (issuer, subject)
);
CREATE INDEX external_identities_of_user ON external_identities (user_id, created_at, id);

-- Memberships that a provider gave, and which it may change and take away. Others are nobody's but the workspace's.
CREATE TABLE provided_memberships (
    workspace_id UUID NOT NULL,
    user_id UUID NOT NULL,
    provider TEXT NOT NULL,
    PRIMARY KEY (workspace_id, user_id),
    FOREIGN KEY (workspace_id, user_id) REFERENCES memberships (workspace_id, user_id) ON DELETE CASCADE
);
CREATE INDEX provided_memberships_of_user ON provided_memberships (user_id);

-- Sessions at a provider that were let in once. One that has no row in sessions any more was ended here, and is not let in again.
CREATE TABLE external_sessions (
    session_id UUID NOT NULL PRIMARY KEY,
    expires_at BIGINT NOT NULL
);
CREATE INDEX external_sessions_by_expiry ON external_sessions (expires_at);

-- The provider that a sign-in came through; empty for a password.
ALTER TABLE sessions ADD COLUMN provider TEXT NOT NULL DEFAULT '';
ALTER TABLE sign_in_challenges ADD COLUMN provider TEXT NOT NULL DEFAULT '';
