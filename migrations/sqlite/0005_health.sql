-- What a health check writes, so that a store that only says that it writes is found out: a count of the checks, in one row.
-- The same change goes into migrations/postgres; a test compares the two schemas.

CREATE TABLE health (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    checks INTEGER NOT NULL
) STRICT;
INSERT INTO health (id, checks) VALUES (1, 0);
