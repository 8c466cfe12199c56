-- Counts how often what proves the owner of an account was replaced, so that what was asked for before counts no more.
-- The same change goes into migrations/postgres; a test compares the two schemas.

ALTER TABLE users ADD COLUMN credentials_version INTEGER NOT NULL DEFAULT 0;
