-- Edits of all links that a filter finds: how far each is, and the links that it has not had yet, a batch a row.
-- The same change goes into migrations/postgres; a test compares the two schemas.

CREATE TABLE bulk_edits (
    id BLOB NOT NULL PRIMARY KEY,
    workspace_id BLOB NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    author TEXT NOT NULL,
    change_id BLOB NOT NULL,
    changes TEXT NOT NULL,
    state TEXT NOT NULL,
    total INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    unchanged INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    failures TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    finished_at INTEGER
) STRICT;
CREATE INDEX bulk_edits_of_workspace ON bulk_edits (workspace_id, state);
CREATE INDEX bulk_edits_by_end ON bulk_edits (finished_at);

CREATE TABLE bulk_edit_batches (
    edit_id BLOB NOT NULL REFERENCES bulk_edits (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    links TEXT NOT NULL,
    PRIMARY KEY (edit_id, number)
) STRICT;
