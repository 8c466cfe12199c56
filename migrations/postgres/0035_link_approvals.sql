-- Times in which links are left as they are, links whose target two people change, and what is asked for of those.
-- The same change goes into migrations/sqlite; a test compares the two schemas.

CREATE TABLE freeze_windows (
    id UUID NOT NULL PRIMARY KEY,
    workspace_id UUID NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    folder_id UUID REFERENCES folders (id) ON DELETE CASCADE,
    reason TEXT NOT NULL,
    starts_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    author TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX freeze_windows_of_workspace ON freeze_windows (workspace_id, created_at, id);
CREATE INDEX freeze_windows_by_end ON freeze_windows (workspace_id, ends_at);
CREATE INDEX freeze_windows_of_folder ON freeze_windows (folder_id);

ALTER TABLE links ADD COLUMN needs_approval BOOLEAN NOT NULL DEFAULT FALSE;

-- content is JSON that holds all of a link that people choose, as it shall be; none where the link shall be deleted. It refers to no link,
-- because that may be deleted by it.
CREATE TABLE link_change_requests (
    id UUID NOT NULL PRIMARY KEY,
    workspace_id UUID NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    link_id UUID NOT NULL,
    link_version BIGINT NOT NULL,
    content TEXT,
    changes TEXT NOT NULL,
    note TEXT,
    state TEXT NOT NULL,
    author TEXT NOT NULL,
    person UUID,
    decided_by UUID,
    decided_at BIGINT,
    reason TEXT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX link_change_requests_of_workspace ON link_change_requests (workspace_id, created_at, id);
CREATE INDEX link_change_requests_of_link ON link_change_requests (link_id, created_at, id);
CREATE INDEX link_change_requests_by_age ON link_change_requests (created_at);
