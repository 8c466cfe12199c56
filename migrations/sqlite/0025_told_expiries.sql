-- told_expiry is the expires_at of which followers have been told, so that each end of a link is told once.
-- The same change goes into migrations/postgres; a test compares the two schemas.
ALTER TABLE links ADD COLUMN told_expiry INTEGER;
UPDATE links SET told_expiry = expires_at WHERE expires_at <= unixepoch() * 1000000;
CREATE INDEX links_untold_expiry ON links (expires_at) WHERE expires_at IS NOT NULL AND (told_expiry IS NULL OR told_expiry <> expires_at);
