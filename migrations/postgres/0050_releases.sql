-- Which releases of the program have served this database.
CREATE TABLE releases (
    version TEXT NOT NULL PRIMARY KEY,
    first_served_at BIGINT NOT NULL
);
