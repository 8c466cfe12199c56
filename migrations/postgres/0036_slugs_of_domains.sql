-- What slugs of a domain may be, and whether visitors of missing links are told of those that are nearly written so.
-- The same change goes into migrations/sqlite; a test compares the two schemas.

ALTER TABLE domains ADD COLUMN unicode_slugs BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE domains ADD COLUMN suggests_slugs BOOLEAN NOT NULL DEFAULT FALSE;
