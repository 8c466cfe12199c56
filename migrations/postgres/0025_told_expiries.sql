-- told_expiry is the expires_at of which followers have been told, so that each end of a link is told once.
-- The same change goes into migrations/sqlite; a test compares the two schemas.
ALTER TABLE links ADD COLUMN told_expiry BIGINT;
UPDATE links SET told_expiry = expires_at WHERE expires_at <= extract(epoch FROM now())::BIGINT * 1000000;
CREATE INDEX links_untold_expiry ON links (expires_at) WHERE expires_at IS NOT NULL AND (told_expiry IS NULL OR told_expiry <> expires_at);
