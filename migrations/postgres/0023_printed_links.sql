-- Links whose QR code may be in print, since when.
-- The same change goes into migrations/sqlite; a test compares the two schemas.

ALTER TABLE links ADD COLUMN printed_at BIGINT;
