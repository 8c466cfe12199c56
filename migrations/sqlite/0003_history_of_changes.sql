-- Which log of changes this is: a number's upper half says when its history began. Where the database is not the one that
-- the last number was given in (a restored copy, another timeline), a new history begins; see src/infra/store/changes.rs.
-- The same change goes into migrations/postgres; a test compares the two schemas.

ALTER TABLE change_sequence ADD COLUMN incarnation TEXT NOT NULL DEFAULT '';
