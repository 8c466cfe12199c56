-- What slugs of a domain may be, and whether visitors of missing links are told of those that are nearly written so.
-- The same change goes into migrations/postgres; a test compares the two schemas.

ALTER TABLE domains ADD COLUMN unicode_slugs INTEGER NOT NULL DEFAULT 0;
ALTER TABLE domains ADD COLUMN suggests_slugs INTEGER NOT NULL DEFAULT 0;
