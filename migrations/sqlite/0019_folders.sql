-- Folders of links, and who may do what in them: access is what members may do who are not named. Owners and admins may do everything.
-- The same change goes into migrations/postgres; a test compares the two schemas.

CREATE TABLE folders (
    id BLOB NOT NULL PRIMARY KEY,
    workspace_id BLOB NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    access TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (workspace_id, name_key)
) STRICT;
CREATE INDEX folders_of_workspace ON folders (workspace_id, created_at, id);

CREATE TABLE folder_members (
    folder_id BLOB NOT NULL REFERENCES folders (id) ON DELETE CASCADE,
    user_id BLOB NOT NULL,
    workspace_id BLOB NOT NULL,
    access TEXT NOT NULL,
    PRIMARY KEY (folder_id, user_id),
    FOREIGN KEY (workspace_id, user_id) REFERENCES memberships (workspace_id, user_id) ON DELETE CASCADE
) STRICT;
CREATE INDEX folder_members_of_member ON folder_members (workspace_id, user_id);

ALTER TABLE links ADD COLUMN folder_id BLOB REFERENCES folders (id) ON DELETE SET NULL;
CREATE INDEX links_of_folder ON links (folder_id, workspace_id, created_at, id);
