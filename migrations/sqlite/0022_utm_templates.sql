-- Campaign parameters under names, and what people say to each other about a link. utm is JSON.
-- The same change goes into migrations/postgres; a test compares the two schemas.

CREATE TABLE utm_templates (
    id BLOB NOT NULL PRIMARY KEY,
    workspace_id BLOB NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    utm TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (workspace_id, name_key)
) STRICT;
CREATE INDEX utm_templates_of_workspace ON utm_templates (workspace_id, created_at, id);

-- It refers to no link, because deleted ones come back with what was said about them.
CREATE TABLE link_comments (
    id BLOB NOT NULL PRIMARY KEY,
    workspace_id BLOB NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    link_id BLOB NOT NULL,
    author TEXT NOT NULL,
    text TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX link_comments_of_link ON link_comments (link_id, created_at, id);
