-- Where people have signed in from. The same change goes into migrations/sqlite; a test compares the two schemas.
-- Guessing from elsewhere slows nobody down who asks from here. network is a keyed hash of an IPv4 address or of a /64 of IPv6.
CREATE TABLE known_networks (
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    network BYTEA NOT NULL,
    last_used_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, network)
);
CREATE INDEX known_networks_by_use ON known_networks (last_used_at);
