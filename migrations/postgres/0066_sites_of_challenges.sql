-- Where a sign-in that waits for a second factor began, as a keyed hash, so that one from elsewhere ends no other.
-- The same change goes into migrations/sqlite; a test compares the two schemas.

ALTER TABLE sign_in_challenges ADD COLUMN site BYTEA NOT NULL DEFAULT '';
