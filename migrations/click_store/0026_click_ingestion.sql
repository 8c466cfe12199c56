-- Up to which offset the records of each partition of the bus are in `clicks`. It moves in the transaction that inserts them, and only
-- for whoever holds the partition by the highest fence that was ever seen here.
CREATE TABLE bus_partitions (
    topic           TEXT    NOT NULL,
    number          INTEGER NOT NULL,
    fence           INTEGER NOT NULL,
    -- NULL until something was stored.
    next_offset     INTEGER,
    PRIMARY KEY (topic, number)
) STRICT, WITHOUT ROWID;
