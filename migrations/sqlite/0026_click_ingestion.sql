-- Who reads clicks from the bus. The same change goes into migrations/postgres; a test compares the two schemas.
-- The ingesters that live, as far as is known.
CREATE TABLE click_ingesters (
    id BLOB NOT NULL PRIMARY KEY,
    lives_until INTEGER NOT NULL
) STRICT;
-- Who holds which partition of a topic until when. fence grows with every new holder; the click store refuses what comes with a lower one.
CREATE TABLE click_partitions (
    topic TEXT NOT NULL,
    number INTEGER NOT NULL,
    owner BLOB,
    fence INTEGER NOT NULL,
    lease_until INTEGER NOT NULL,
    PRIMARY KEY (topic, number)
) STRICT;
-- How far each partition of a topic of dead records was replayed, and into which partition.
CREATE TABLE click_replays (
    topic TEXT NOT NULL,
    number INTEGER NOT NULL,
    into_number INTEGER NOT NULL,
    next_offset INTEGER NOT NULL,
    PRIMARY KEY (topic, number)
) STRICT;
