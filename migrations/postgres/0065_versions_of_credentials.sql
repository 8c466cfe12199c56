-- Counts how often what proves the owner of an account was replaced, so that what was asked for before counts no more.
-- The same change goes into migrations/sqlite; a test compares the two schemas.

ALTER TABLE users ADD COLUMN credentials_version BIGINT NOT NULL DEFAULT 0;
