-- What is stored in a click store that knows no transactions. The same change goes into migrations/sqlite; a test compares the two schemas.
-- How far each partition of the bus is stored, and the highest fence by which anybody held it.
CREATE TABLE click_offsets (
    topic TEXT NOT NULL,
    number BIGINT NOT NULL,
    fence BIGINT NOT NULL,
    -- NULL until something was stored.
    next_offset BIGINT,
    PRIMARY KEY (topic, number)
);
-- The insert of a partition that was begun and is not known to be over: what is inserted, by which token, and what is true afterwards.
CREATE TABLE click_inserts (
    topic TEXT NOT NULL,
    number BIGINT NOT NULL,
    token TEXT NOT NULL,
    next_offset BIGINT NOT NULL,
    clicks BIGINT NOT NULL,
    column_names TEXT NOT NULL,
    payload BYTEA NOT NULL,
    journals TEXT NOT NULL,
    PRIMARY KEY (topic, number)
);
-- How far each journal is stored, and its account: what arrived, what did not, and what the writer gave up.
CREATE TABLE click_journals (
    journal_id BIGINT NOT NULL PRIMARY KEY,
    position BIGINT NOT NULL,
    records BIGINT NOT NULL,
    missing BIGINT NOT NULL,
    dropped BIGINT NOT NULL
);
