-- What is stored in a click store that knows no transactions. The same change goes into migrations/postgres; a test compares the two schemas.
-- How far each partition of the bus is stored, and the highest fence by which anybody held it.
CREATE TABLE click_offsets (
    topic TEXT NOT NULL,
    number INTEGER NOT NULL,
    fence INTEGER NOT NULL,
    -- NULL until something was stored.
    next_offset INTEGER,
    PRIMARY KEY (topic, number)
) STRICT;
-- The insert of a partition that was begun and is not known to be over: what is inserted, by which token, and what is true afterwards.
CREATE TABLE click_inserts (
    topic TEXT NOT NULL,
    number INTEGER NOT NULL,
    token TEXT NOT NULL,
    next_offset INTEGER NOT NULL,
    clicks INTEGER NOT NULL,
    column_names TEXT NOT NULL,
    payload BLOB NOT NULL,
    journals TEXT NOT NULL,
    PRIMARY KEY (topic, number)
) STRICT;
-- How far each journal is stored, and its account: what arrived, what did not, and what the writer gave up.
CREATE TABLE click_journals (
    journal_id INTEGER NOT NULL PRIMARY KEY,
    position INTEGER NOT NULL,
    records INTEGER NOT NULL,
    missing INTEGER NOT NULL,
    dropped INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
