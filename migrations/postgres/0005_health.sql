-- What a health check writes, so that a store that only says that it writes is found out: a count of the checks, in one row.
-- The same change goes into migrations/sqlite; a test compares the two schemas.

CREATE TABLE health (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    checks BIGINT NOT NULL
);
INSERT INTO health (id, checks) VALUES (1, 0);
