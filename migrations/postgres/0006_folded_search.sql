-- Which form search_key has: 0 is lower-cased as written; 1 is folded, with the destination as people read it. The program
-- brings older forms up to date in steps. The same change goes into migrations/sqlite; a test compares the two schemas.

ALTER TABLE links ADD COLUMN search_form BIGINT NOT NULL DEFAULT 0;
CREATE INDEX links_by_search_form ON links (search_form, id) WHERE search_form < 1;
