-- What workspaces ask of their clicks: for how many days they are kept (as long as the instance does where it is 0), what of a visitor's
-- address is used, and whether visitors count who ask not to be tracked.
-- The same change goes into migrations/postgres; a test compares the two schemas.

ALTER TABLE workspaces ADD COLUMN click_retention_days INTEGER NOT NULL DEFAULT 0;
ALTER TABLE workspaces ADD COLUMN visitor_addresses TEXT NOT NULL DEFAULT 'whole';
ALTER TABLE workspaces ADD COLUMN count_opted_out INTEGER NOT NULL DEFAULT 1;
