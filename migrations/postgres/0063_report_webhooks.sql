-- Reports that go to a webhook, and what came of the last one.
-- The same change goes into migrations/sqlite; a test compares the two schemas.

ALTER TABLE report_schedules ADD COLUMN webhook_url TEXT;
ALTER TABLE report_schedules ADD COLUMN sealed_webhook_secret BYTEA;
ALTER TABLE report_schedules ADD COLUMN last_delivery TEXT;
