-- Times are microseconds since 1970 UTC, ids are UUIDs of 16 bytes, columns that end in _key are lower-cased for look-ups.
-- The same change goes into migrations/postgres; a test compares the two schemas.

CREATE TABLE users (
    id BLOB NOT NULL PRIMARY KEY,
    email TEXT NOT NULL,
    email_key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    is_admin INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

-- One row from the moment that the first administrator exists, even if that account is deleted later.
CREATE TABLE bootstrap (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE sessions (
    id BLOB NOT NULL PRIMARY KEY,
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    token_hash BLOB NOT NULL UNIQUE,
    user_agent TEXT NOT NULL,
    address TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_of_user ON sessions (user_id, created_at);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE workspaces (
    id BLOB NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    slug TEXT NOT NULL UNIQUE,
    version INTEGER NOT NULL,
    created_by BLOB REFERENCES users (id) ON DELETE SET NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE memberships (
    workspace_id BLOB NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, user_id)
) STRICT;
CREATE INDEX memberships_of_user ON memberships (user_id);

CREATE TABLE api_keys (
    id BLOB NOT NULL PRIMARY KEY,
    workspace_id BLOB NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    token_hash BLOB NOT NULL UNIQUE,
    token_start TEXT NOT NULL,
    scopes TEXT NOT NULL,
    created_by BLOB REFERENCES users (id) ON DELETE SET NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    last_used_at INTEGER
) STRICT;
CREATE INDEX api_keys_of_workspace ON api_keys (workspace_id, created_at, id);

-- The default domain has no workspace: it belongs to the instance, and every workspace may use it.
CREATE TABLE domains (
    id BLOB NOT NULL PRIMARY KEY,
    workspace_id BLOB REFERENCES workspaces (id) ON DELETE CASCADE,
    hostname TEXT NOT NULL UNIQUE,
    is_default INTEGER NOT NULL,
    case_sensitive INTEGER NOT NULL,
    enabled INTEGER NOT NULL,
    root_url TEXT,
    not_found_url TEXT,
    expired_url TEXT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX domains_default ON domains (is_default) WHERE is_default;
CREATE INDEX domains_of_workspace ON domains (workspace_id, created_at, id);

-- slug is what people typed; slug_key is what the domain files it under, lower-cased where the domain ignores case.
CREATE TABLE links (
    id BLOB NOT NULL PRIMARY KEY,
    workspace_id BLOB NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    domain_id BLOB NOT NULL REFERENCES domains (id) ON DELETE CASCADE,
    slug TEXT NOT NULL,
    slug_key TEXT NOT NULL,
    destination_url TEXT NOT NULL,
    destination_hash INTEGER NOT NULL,
    redirect_status INTEGER NOT NULL,
    title TEXT,
    description TEXT,
    image_url TEXT,
    comment TEXT,
    external_id TEXT,
    starts_at INTEGER,
    expires_at INTEGER,
    expired_url TEXT,
    max_clicks INTEGER,
    used_clicks INTEGER NOT NULL,
    password_hash TEXT,
    forward_query TEXT NOT NULL,
    forward_path INTEGER NOT NULL,
    utm TEXT NOT NULL,
    rules TEXT NOT NULL,
    archived INTEGER NOT NULL,
    disabled_reason TEXT,
    search_key TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_by BLOB REFERENCES users (id) ON DELETE SET NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (domain_id, slug_key),
    UNIQUE (workspace_id, external_id)
) STRICT;
CREATE INDEX links_by_creation ON links (workspace_id, created_at, id);
CREATE INDEX links_by_update ON links (workspace_id, updated_at, id);
CREATE INDEX links_by_destination ON links (workspace_id, destination_hash);
CREATE INDEX links_of_creator ON links (created_by);

CREATE TABLE tags (
    id BLOB NOT NULL PRIMARY KEY,
    workspace_id BLOB NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    color TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (workspace_id, name_key)
) STRICT;

CREATE TABLE link_tags (
    link_id BLOB NOT NULL REFERENCES links (id) ON DELETE CASCADE,
    tag_id BLOB NOT NULL REFERENCES tags (id) ON DELETE CASCADE,
    PRIMARY KEY (link_id, tag_id)
) STRICT;
CREATE INDEX link_tags_of_tag ON link_tags (tag_id, link_id);

-- answer is null while the first request is in flight. It is sealed with the key itself, of which only a hash is kept.
CREATE TABLE idempotency_keys (
    credential TEXT NOT NULL,
    key_hash BLOB NOT NULL,
    fingerprint BLOB NOT NULL,
    answer BLOB,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (credential, key_hash)
) STRICT;
CREATE INDEX idempotency_keys_by_expiry ON idempotency_keys (expires_at);
