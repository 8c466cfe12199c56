-- What edges must no longer believe, in the order of the commits: whoever commits a change takes the next number of
-- change_sequence in the same transaction, so that numbers have no gaps and none shows up after a higher one.
-- The same change goes into migrations/postgres; a test compares the two schemas.

CREATE TABLE change_sequence (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    last INTEGER NOT NULL
) STRICT;
INSERT INTO change_sequence (id, last) VALUES (1, 0);

-- invalidations is MessagePack. Rows are kept for some minutes.
CREATE TABLE changes (
    sequence INTEGER NOT NULL PRIMARY KEY,
    invalidations BLOB NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX changes_by_creation ON changes (created_at);
