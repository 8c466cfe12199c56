-- What is asked for of a link: edit, delete, restore or purge. Earlier releases write none: an edit, or without content a deletion.
-- The same change goes into migrations/sqlite; a test compares the two schemas.

ALTER TABLE link_change_requests ADD COLUMN action TEXT;
