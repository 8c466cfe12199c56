-- The place that a deleted link keeps until it is restored or forgotten; none of those that were deleted by earlier releases.
-- The same change goes into migrations/postgres; a test compares the two schemas.

ALTER TABLE deleted_links ADD COLUMN domain_id BLOB;
ALTER TABLE deleted_links ADD COLUMN slug TEXT;
ALTER TABLE deleted_links ADD COLUMN slug_key TEXT;
CREATE UNIQUE INDEX deleted_links_of_slug ON deleted_links (domain_id, slug_key);
