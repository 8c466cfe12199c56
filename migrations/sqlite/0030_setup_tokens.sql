-- What opens the page on which the first administrator is made, until somebody did so.
CREATE TABLE setup_tokens (
    token_hash BLOB NOT NULL PRIMARY KEY,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
