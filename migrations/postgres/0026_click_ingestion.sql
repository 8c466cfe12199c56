-- Who reads clicks from the bus. The same change goes into migrations/sqlite; a test compares the two schemas.
-- The ingesters that live, as far as is known.
CREATE TABLE click_ingesters (
    id UUID NOT NULL PRIMARY KEY,
    lives_until BIGINT NOT NULL
);
-- Who holds which partition of a topic until when. fence grows with every new holder; the click store refuses what comes with a lower one.
CREATE TABLE click_partitions (
    topic TEXT NOT NULL,
    number BIGINT NOT NULL,
    owner UUID,
    fence BIGINT NOT NULL,
    lease_until BIGINT NOT NULL,
    PRIMARY KEY (topic, number)
);
-- How far each partition of a topic of dead records was replayed, and into which partition.
CREATE TABLE click_replays (
    topic TEXT NOT NULL,
    number BIGINT NOT NULL,
    into_number BIGINT NOT NULL,
    next_offset BIGINT NOT NULL,
    PRIMARY KEY (topic, number)
);
