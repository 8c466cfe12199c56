-- Times are microseconds since 1970 UTC, ids are UUIDs, columns that end in _key are lower-cased for look-ups.
-- The same change goes into migrations/sqlite; a test compares the two schemas.

CREATE TABLE users (
    id UUID NOT NULL PRIMARY KEY,
    email TEXT NOT NULL,
    email_key TEXT COLLATE "C" NOT NULL UNIQUE,
    name TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    is_admin BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- One row from the moment that the first administrator exists, even if that account is deleted later.
CREATE TABLE bootstrap (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    created_at BIGINT NOT NULL
);

CREATE TABLE sessions (
    id UUID NOT NULL PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    token_hash BYTEA NOT NULL UNIQUE,
    user_agent TEXT NOT NULL,
    address TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_of_user ON sessions (user_id, created_at);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE workspaces (
    id UUID NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    slug TEXT COLLATE "C" NOT NULL UNIQUE,
    version BIGINT NOT NULL,
    created_by UUID REFERENCES users (id) ON DELETE SET NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE memberships (
    workspace_id UUID NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, user_id)
);
CREATE INDEX memberships_of_user ON memberships (user_id);

CREATE TABLE api_keys (
    id UUID NOT NULL PRIMARY KEY,
    workspace_id UUID NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    token_hash BYTEA NOT NULL UNIQUE,
    token_start TEXT NOT NULL,
    scopes TEXT NOT NULL,
    created_by UUID REFERENCES users (id) ON DELETE SET NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    last_used_at BIGINT
);
CREATE INDEX api_keys_of_workspace ON api_keys (workspace_id, created_at, id);

-- The default domain has no workspace: it belongs to the instance, and every workspace may use it.
CREATE TABLE domains (
    id UUID NOT NULL PRIMARY KEY,
    workspace_id UUID REFERENCES workspaces (id) ON DELETE CASCADE,
    hostname TEXT COLLATE "C" NOT NULL UNIQUE,
    is_default BOOLEAN NOT NULL,
    case_sensitive BOOLEAN NOT NULL,
    enabled BOOLEAN NOT NULL,
    root_url TEXT,
    not_found_url TEXT,
    expired_url TEXT,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX domains_default ON domains (is_default) WHERE is_default;
CREATE INDEX domains_of_workspace ON domains (workspace_id, created_at, id);

-- slug is what people typed; slug_key is what the domain files it under, lower-cased where the domain ignores case.
CREATE TABLE links (
    id UUID NOT NULL PRIMARY KEY,
    workspace_id UUID NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    domain_id UUID NOT NULL REFERENCES domains (id) ON DELETE CASCADE,
    slug TEXT COLLATE "C" NOT NULL,
    slug_key TEXT COLLATE "C" NOT NULL,
    destination_url TEXT NOT NULL,
    destination_hash BIGINT NOT NULL,
    redirect_status BIGINT NOT NULL,
    title TEXT,
    description TEXT,
    image_url TEXT,
    comment TEXT,
    external_id TEXT,
    starts_at BIGINT,
    expires_at BIGINT,
    expired_url TEXT,
    max_clicks BIGINT,
    used_clicks BIGINT NOT NULL,
    password_hash TEXT,
    forward_query TEXT NOT NULL,
    forward_path BOOLEAN NOT NULL,
    utm TEXT NOT NULL,
    rules TEXT NOT NULL,
    archived BOOLEAN NOT NULL,
    disabled_reason TEXT,
    search_key TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL,
    created_by UUID REFERENCES users (id) ON DELETE SET NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (domain_id, slug_key),
    UNIQUE (workspace_id, external_id)
);
CREATE INDEX links_by_creation ON links (workspace_id, created_at, id);
CREATE INDEX links_by_update ON links (workspace_id, updated_at, id);
CREATE INDEX links_by_destination ON links (workspace_id, destination_hash);
CREATE INDEX links_of_creator ON links (created_by);

CREATE TABLE tags (
    id UUID NOT NULL PRIMARY KEY,
    workspace_id UUID NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    name_key TEXT COLLATE "C" NOT NULL,
    color TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (workspace_id, name_key)
);

CREATE TABLE link_tags (
    link_id UUID NOT NULL REFERENCES links (id) ON DELETE CASCADE,
    tag_id UUID NOT NULL REFERENCES tags (id) ON DELETE CASCADE,
    PRIMARY KEY (link_id, tag_id)
);
CREATE INDEX link_tags_of_tag ON link_tags (tag_id, link_id);

-- answer is null while the first request is in flight. It is sealed with the key itself, of which only a hash is kept.
CREATE TABLE idempotency_keys (
    credential TEXT COLLATE "C" NOT NULL,
    key_hash BYTEA NOT NULL,
    fingerprint BYTEA NOT NULL,
    answer BYTEA,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (credential, key_hash)
);
CREATE INDEX idempotency_keys_by_expiry ON idempotency_keys (expires_at);
