-- The secret before the present one, which holds until a moment, and a limit of the key's own in requests a minute.
-- The same change goes into migrations/postgres; a test compares the two schemas.

ALTER TABLE api_keys ADD COLUMN previous_token_hash BLOB;
ALTER TABLE api_keys ADD COLUMN previous_expires_at INTEGER;
ALTER TABLE api_keys ADD COLUMN rotated_at INTEGER;
ALTER TABLE api_keys ADD COLUMN rate_limit_per_minute INTEGER;
ALTER TABLE api_keys ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
CREATE UNIQUE INDEX api_keys_by_previous_token ON api_keys (previous_token_hash);
CREATE INDEX api_keys_of_maker ON api_keys (workspace_id, created_by);
