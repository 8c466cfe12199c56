-- Campaign parameters under names, and what people say to each other about a link. utm is JSON.
-- The same change goes into migrations/sqlite; a test compares the two schemas.

CREATE TABLE utm_templates (
    id UUID NOT NULL PRIMARY KEY,
    workspace_id UUID NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    utm TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (workspace_id, name_key)
);
CREATE INDEX utm_templates_of_workspace ON utm_templates (workspace_id, created_at, id);

-- It refers to no link, because deleted ones come back with what was said about them.
CREATE TABLE link_comments (
    id UUID NOT NULL PRIMARY KEY,
    workspace_id UUID NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    link_id UUID NOT NULL,
    author TEXT NOT NULL,
    text TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX link_comments_of_link ON link_comments (link_id, created_at, id);
