-- Domains of workspaces: who claims which host name, and what DNS says of it. Several workspaces may claim one name; one at most has it
-- (states active and quarantined). The same change goes into migrations/postgres; a test compares the two schemas.
-- SQLite cannot take a constraint away, so the table is made anew. Links refer to it by its name, and keep doing so.

CREATE TABLE new_domains (
    id BLOB NOT NULL PRIMARY KEY,
    workspace_id BLOB REFERENCES workspaces (id) ON DELETE CASCADE,
    hostname TEXT NOT NULL,
    is_default INTEGER NOT NULL,
    case_sensitive INTEGER NOT NULL,
    -- Whether its links redirect: in the state active alone. The release before this one looks at nothing else.
    enabled INTEGER NOT NULL,
    root_url TEXT,
    not_found_url TEXT,
    expired_url TEXT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    display_name TEXT NOT NULL DEFAULT '',
    default_redirect_status INTEGER NOT NULL DEFAULT 302,
    utm TEXT NOT NULL DEFAULT '{}',
    state TEXT NOT NULL DEFAULT 'active' CHECK (state IN ('pending', 'active', 'quarantined')),
    state_reason TEXT NOT NULL DEFAULT 'default_domain',
    state_since INTEGER NOT NULL DEFAULT 0,
    -- What the TXT record of the domain has to say; no secret.
    token TEXT NOT NULL DEFAULT '',
    verified_at INTEGER,
    failures INTEGER NOT NULL DEFAULT 0,
    failing_since INTEGER,
    next_check_at INTEGER,
    -- JSON.
    last_check TEXT,
    findings TEXT NOT NULL DEFAULT '[]'
) STRICT;
INSERT INTO new_domains (id, workspace_id, hostname, is_default, case_sensitive, enabled, root_url, not_found_url, expired_url, version,
    created_at, updated_at, display_name, state_since)
SELECT id, workspace_id, hostname, is_default, case_sensitive, enabled, root_url, not_found_url, expired_url, version,
    created_at, updated_at, hostname, created_at FROM domains;
DROP TABLE domains;
ALTER TABLE new_domains RENAME TO domains;

CREATE UNIQUE INDEX domains_default ON domains (is_default) WHERE is_default;
CREATE INDEX domains_of_workspace ON domains (workspace_id, created_at, id);
CREATE UNIQUE INDEX domains_claimed ON domains (workspace_id, hostname);
CREATE UNIQUE INDEX domains_owned ON domains (hostname) WHERE state <> 'pending';
CREATE INDEX domains_by_hostname ON domains (hostname);
CREATE INDEX domains_by_next_check ON domains (next_check_at);
