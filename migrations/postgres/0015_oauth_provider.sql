-- Programs that act for people: who they are, what people let them do, and what they hold of it. The same change goes into
-- migrations/sqlite; a test compares the two schemas.

-- A client without secret_hash is public. previous_secret_hash holds until previous_expires_at.
CREATE TABLE oauth_clients (
    id UUID NOT NULL PRIMARY KEY,
    workspace_id UUID NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    redirect_uris TEXT NOT NULL,
    scopes TEXT NOT NULL,
    secret_hash BYTEA,
    secret_start TEXT,
    previous_secret_hash BYTEA,
    previous_expires_at BIGINT,
    rotated_at BIGINT,
    created_by UUID REFERENCES users (id) ON DELETE SET NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX oauth_clients_of_workspace ON oauth_clients (workspace_id, created_at, id);
CREATE INDEX oauth_clients_of_creator ON oauth_clients (created_by);

-- A consent ends with the membership that it is given in.
CREATE TABLE oauth_consents (
    id UUID NOT NULL PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client_id UUID NOT NULL REFERENCES oauth_clients (id) ON DELETE CASCADE,
    workspace_id UUID NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    scopes TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (user_id, client_id, workspace_id),
    FOREIGN KEY (workspace_id, user_id) REFERENCES memberships (workspace_id, user_id) ON DELETE CASCADE
);
CREATE INDEX oauth_consents_of_user ON oauth_consents (user_id, created_at, id);
CREATE INDEX oauth_consents_of_client ON oauth_consents (client_id);
CREATE INDEX oauth_consents_of_membership ON oauth_consents (workspace_id, user_id);

-- One authorization: a code, and the tokens that come of it. code_used_at is null until the code was exchanged.
CREATE TABLE oauth_grants (
    id UUID NOT NULL PRIMARY KEY,
    consent_id UUID NOT NULL REFERENCES oauth_consents (id) ON DELETE CASCADE,
    scopes TEXT NOT NULL,
    code_hash BYTEA NOT NULL UNIQUE,
    code_challenge TEXT NOT NULL,
    redirect_uri TEXT NOT NULL,
    code_used_at BIGINT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX oauth_grants_of_consent ON oauth_grants (consent_id, created_at);
CREATE INDEX oauth_grants_by_expiry ON oauth_grants (expires_at);

-- replaced_at is when a refresh token was exchanged for the next one.
CREATE TABLE oauth_tokens (
    token_hash BYTEA NOT NULL PRIMARY KEY,
    grant_id UUID NOT NULL REFERENCES oauth_grants (id) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('access', 'refresh')),
    scopes TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    replaced_at BIGINT
);
CREATE INDEX oauth_tokens_of_grant ON oauth_tokens (grant_id, kind, created_at);
CREATE INDEX oauth_tokens_by_expiry ON oauth_tokens (expires_at);
