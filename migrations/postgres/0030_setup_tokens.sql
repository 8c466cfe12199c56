-- What opens the page on which the first administrator is made, until somebody did so.
CREATE TABLE setup_tokens (
    token_hash BYTEA NOT NULL PRIMARY KEY,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
