-- Times in which links are left as they are, links whose target two people change, and what is asked for of those.
-- The same change goes into migrations/postgres; a test compares the two schemas.

CREATE TABLE freeze_windows (
    id BLOB NOT NULL PRIMARY KEY,
    workspace_id BLOB NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    folder_id BLOB REFERENCES folders (id) ON DELETE CASCADE,
    reason TEXT NOT NULL,
    starts_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    author TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX freeze_windows_of_workspace ON freeze_windows (workspace_id, created_at, id);
CREATE INDEX freeze_windows_by_end ON freeze_windows (workspace_id, ends_at);
CREATE INDEX freeze_windows_of_folder ON freeze_windows (folder_id);

ALTER TABLE links ADD COLUMN needs_approval INTEGER NOT NULL DEFAULT 0;

-- content is JSON that holds all of a link that people choose, as it shall be; none where the link shall be deleted. It refers to no link,
-- because that may be deleted by it.
CREATE TABLE link_change_requests (
    id BLOB NOT NULL PRIMARY KEY,
    workspace_id BLOB NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    link_id BLOB NOT NULL,
    link_version INTEGER NOT NULL,
    content TEXT,
    changes TEXT NOT NULL,
    note TEXT,
    state TEXT NOT NULL,
    author TEXT NOT NULL,
    person BLOB,
    decided_by BLOB,
    decided_at INTEGER,
    reason TEXT,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX link_change_requests_of_workspace ON link_change_requests (workspace_id, created_at, id);
CREATE INDEX link_change_requests_of_link ON link_change_requests (link_id, created_at, id);
CREATE INDEX link_change_requests_by_age ON link_change_requests (created_at);
