-- Clicks that are packed: a segment holds clicks of one workspace in the order of their times, a column a row. A click is in `clicks` or in
-- one segment, and moves from there to here in one transaction. Stores from before are packed the same way, so that it may end anywhere.
CREATE TABLE click_segments (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    workspace_id    BLOB    NOT NULL,
    -- The times of its first and of its last click.
    first_at        INTEGER NOT NULL,
    last_at         INTEGER NOT NULL,
    clicks          INTEGER NOT NULL,
    -- Those that belong to no link.
    orphans         INTEGER NOT NULL
) STRICT;

CREATE INDEX click_segments_by_workspace ON click_segments (workspace_id, first_at);

CREATE TABLE click_columns (
    segment_id      INTEGER NOT NULL,
    part            INTEGER NOT NULL,
    -- With a checksum at its end.
    packed          BLOB    NOT NULL,
    PRIMARY KEY (segment_id, part)
) STRICT;

-- Counts whatever takes clicks out of `clicks` or of a segment, so that who read them before finds out. One row.
CREATE TABLE click_removals (
    id              INTEGER PRIMARY KEY CHECK (id = 1),
    number          INTEGER NOT NULL
) STRICT;
INSERT INTO click_removals (id, number) VALUES (1, 0);

-- What is not packed yet is little, and asked for by its time alone.
DROP INDEX clicks_by_link;
