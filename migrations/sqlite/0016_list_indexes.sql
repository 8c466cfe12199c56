-- What lists are read by: the page of a filter is a range of an index, wherever in the list its rows are.
-- The same change goes into migrations/postgres; a test compares the two schemas.

CREATE INDEX users_by_creation ON users (created_at, id);
DROP INDEX links_of_creator;
CREATE INDEX links_of_creator ON links (created_by, workspace_id, created_at, id);
CREATE INDEX links_of_domain ON links (domain_id, workspace_id, created_at, id);
CREATE INDEX links_archived ON links (workspace_id, created_at, id) WHERE archived;
CREATE INDEX links_active ON links (workspace_id, created_at, id) WHERE NOT archived;
CREATE INDEX jobs_of_kind ON jobs (kind, id);
