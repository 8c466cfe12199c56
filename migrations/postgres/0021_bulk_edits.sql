-- Edits of all links that a filter finds: how far each is, and the links that it has not had yet, a batch a row.
-- The same change goes into migrations/sqlite; a test compares the two schemas.

CREATE TABLE bulk_edits (
    id UUID NOT NULL PRIMARY KEY,
    workspace_id UUID NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    author TEXT NOT NULL,
    change_id UUID NOT NULL,
    changes TEXT NOT NULL,
    state TEXT NOT NULL,
    total BIGINT NOT NULL,
    changed BIGINT NOT NULL,
    unchanged BIGINT NOT NULL,
    failed BIGINT NOT NULL,
    failures TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    finished_at BIGINT
);
CREATE INDEX bulk_edits_of_workspace ON bulk_edits (workspace_id, state);
CREATE INDEX bulk_edits_by_end ON bulk_edits (finished_at);

CREATE TABLE bulk_edit_batches (
    edit_id UUID NOT NULL REFERENCES bulk_edits (id) ON DELETE CASCADE,
    number BIGINT NOT NULL,
    links TEXT NOT NULL,
    PRIMARY KEY (edit_id, number)
);
