-- Who changed what. Rows are chained by workspace: hash is SHA-256 over the row and the hash before it, and audit_heads holds the
-- last of each chain, whose row stays locked from the first audit row of a transaction to its commit.
-- The same change goes into migrations/postgres; a test compares the two schemas.

-- chain is the workspace, or all zeros for the instance. It refers to nothing, because the trail outlives the workspace.
CREATE TABLE audit_heads (
    chain BLOB NOT NULL PRIMARY KEY,
    sequence INTEGER NOT NULL,
    hash BLOB NOT NULL
) STRICT;

CREATE TABLE audit_events (
    chain BLOB NOT NULL,
    sequence INTEGER NOT NULL,
    id BLOB NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    target TEXT NOT NULL,
    before TEXT,
    after TEXT,
    address TEXT,
    request_id TEXT,
    created_at INTEGER NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (chain, sequence)
) STRICT;
CREATE INDEX audit_events_by_actor ON audit_events (chain, actor, sequence);
CREATE INDEX audit_events_by_action ON audit_events (chain, action, sequence);
CREATE INDEX audit_events_by_target ON audit_events (chain, target, sequence);
CREATE INDEX audit_events_by_creation ON audit_events (chain, created_at);
