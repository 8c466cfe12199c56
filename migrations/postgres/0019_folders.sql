-- Folders of links, and who may do what in them: access is what members may do who are not named. Owners and admins may do everything.
-- The same change goes into migrations/sqlite; a test compares the two schemas.

CREATE TABLE folders (
    id UUID NOT NULL PRIMARY KEY,
    workspace_id UUID NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    access TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (workspace_id, name_key)
);
CREATE INDEX folders_of_workspace ON folders (workspace_id, created_at, id);

CREATE TABLE folder_members (
    folder_id UUID NOT NULL REFERENCES folders (id) ON DELETE CASCADE,
    user_id UUID NOT NULL,
    workspace_id UUID NOT NULL,
    access TEXT NOT NULL,
    PRIMARY KEY (folder_id, user_id),
    FOREIGN KEY (workspace_id, user_id) REFERENCES memberships (workspace_id, user_id) ON DELETE CASCADE
);
CREATE INDEX folder_members_of_member ON folder_members (workspace_id, user_id);

ALTER TABLE links ADD COLUMN folder_id UUID REFERENCES folders (id) ON DELETE SET NULL;
CREATE INDEX links_of_folder ON links (folder_id, workspace_id, created_at, id);
