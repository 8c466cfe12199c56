-- Where phones go, how many clicks a link has in a period, and the files by which apps and host names know each other.
-- The same change goes into migrations/postgres; a test compares the two schemas.

ALTER TABLE links ADD COLUMN ios_url TEXT;
ALTER TABLE links ADD COLUMN android_url TEXT;
ALTER TABLE links ADD COLUMN click_budget TEXT;
ALTER TABLE links ADD COLUMN period_start INTEGER;
ALTER TABLE links ADD COLUMN period_clicks INTEGER NOT NULL DEFAULT 0;
ALTER TABLE domains ADD COLUMN apple_app_site_association TEXT;
ALTER TABLE domains ADD COLUMN asset_links TEXT;
