-- What links were, from their first edit on, and the links that were deleted. content is JSON that holds all of a link that people choose.
-- The same change goes into migrations/postgres; a test compares the two schemas.

-- A version is there until some time after replaced_at; the current one has none. It refers to no link, because deleted ones come back.
CREATE TABLE link_versions (
    link_id BLOB NOT NULL,
    version INTEGER NOT NULL,
    workspace_id BLOB NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    action TEXT NOT NULL,
    author TEXT,
    change_id BLOB,
    content TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    replaced_at INTEGER,
    PRIMARY KEY (link_id, version)
) STRICT;
CREATE INDEX link_versions_of_author ON link_versions (workspace_id, author, created_at);
CREATE INDEX link_versions_of_change ON link_versions (change_id, version);
CREATE INDEX link_versions_by_end ON link_versions (replaced_at);

-- Without content when it cannot be restored any longer: then it only tells in which folder the clicks of the link were made.
CREATE TABLE deleted_links (
    id BLOB NOT NULL PRIMARY KEY,
    workspace_id BLOB NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    folder_id BLOB REFERENCES folders (id) ON DELETE CASCADE,
    content TEXT,
    author TEXT NOT NULL,
    change_id BLOB NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX deleted_links_of_workspace ON deleted_links (workspace_id, created_at, id);
CREATE INDEX deleted_links_of_author ON deleted_links (workspace_id, author, created_at);
CREATE INDEX deleted_links_of_change ON deleted_links (change_id);
CREATE INDEX deleted_links_of_folder ON deleted_links (folder_id);
CREATE INDEX deleted_links_by_deletion ON deleted_links (created_at) WHERE content IS NOT NULL;
