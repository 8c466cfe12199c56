-- The number of the last event that is in a file of the archive: one row, for ever. No later event is forgotten where events are archived.
-- The same change goes into migrations/postgres; a test compares the two schemas.
CREATE TABLE event_archive (
    id INTEGER NOT NULL PRIMARY KEY,
    through INTEGER NOT NULL
) STRICT;
INSERT INTO event_archive (id, through) VALUES (1, 0);
