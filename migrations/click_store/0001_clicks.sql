-- One row a click, enriched. Absent facts are NULL. Ids are the 16 bytes of a UUID, times are microseconds UTC.
CREATE TABLE clicks (
    id              INTEGER PRIMARY KEY,
    -- Which record of which journal it was: the click's identity.
    journal_id      INTEGER NOT NULL,
    position        INTEGER NOT NULL,
    at              INTEGER NOT NULL,
    workspace_id    BLOB,
    domain_id       BLOB,
    link_id         BLOB,
    kind            TEXT    NOT NULL,
    status          INTEGER NOT NULL,
    -- Whether reports count it unless asked otherwise: a person's visit, neither prefetched nor asked for with HEAD.
    counted         INTEGER NOT NULL,
    host            TEXT    NOT NULL,
    slug            TEXT    NOT NULL,
    country         TEXT,
    region          TEXT,
    city            TEXT,
    asn             INTEGER,
    device          TEXT    NOT NULL,
    os              TEXT,
    browser         TEXT,
    agent           TEXT    NOT NULL,
    prefetch        INTEGER NOT NULL,
    head            INTEGER NOT NULL,
    referrer_host   TEXT,
    language        TEXT,
    utm_source      TEXT,
    utm_medium      TEXT,
    utm_campaign    TEXT,
    utm_term        TEXT,
    utm_content     TEXT,
    rule            TEXT,
    variant         TEXT,
    qr              INTEGER NOT NULL,
    -- A hash under a key that changes every day and is never stored.
    visitor         INTEGER
) STRICT;

CREATE INDEX clicks_by_workspace ON clicks (workspace_id, at);
CREATE INDEX clicks_by_link ON clicks (workspace_id, link_id, at);

-- Up to which position the records of each journal are in `clicks`. It moves in the transaction that inserts them.
CREATE TABLE journal_positions (
    journal_id      INTEGER PRIMARY KEY,
    position        INTEGER NOT NULL
) STRICT;

-- What each link was ever clicked, as reports count by default. It moves in the transaction that inserts the clicks.
CREATE TABLE link_totals (
    workspace_id    BLOB    NOT NULL,
    link_id         BLOB    NOT NULL,
    clicks          INTEGER NOT NULL,
    last_click_at   INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, link_id)
) STRICT, WITHOUT ROWID;
