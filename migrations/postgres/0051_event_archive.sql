-- The number of the last event that is in a file of the archive: one row, for ever. No later event is forgotten where events are archived.
-- The same change goes into migrations/sqlite; a test compares the two schemas.
CREATE TABLE event_archive (
    id BIGINT NOT NULL PRIMARY KEY,
    through BIGINT NOT NULL
);
INSERT INTO event_archive (id, through) VALUES (1, 0);
