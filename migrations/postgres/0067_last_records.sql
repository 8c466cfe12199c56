-- By what a partition of the bus is told from another of the same name. The same change goes into migrations/sqlite; a test compares the two schemas.
-- The fingerprint of the last record before next_offset; NULL where it is not known.
ALTER TABLE click_offsets ADD COLUMN last_record BIGINT;
ALTER TABLE click_inserts ADD COLUMN last_record BIGINT;
