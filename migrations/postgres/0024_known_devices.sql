-- What people have signed in with. The same change goes into migrations/sqlite; a test compares the two schemas.
-- What somebody signs in with for the first time is told to them by mail. fingerprint is a hash of what the program calls itself, without versions.
CREATE TABLE known_devices (
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    fingerprint BYTEA NOT NULL,
    last_used_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, fingerprint)
);
CREATE INDEX known_devices_by_use ON known_devices (last_used_at);
