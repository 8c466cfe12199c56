-- Certificates of the edge, and what browsers are told about TLS. The same change goes into migrations/postgres; a test compares the two
-- schemas.

-- hsts_max_age is in seconds; null sends no such header.
ALTER TABLE domains ADD COLUMN hsts_max_age INTEGER;
ALTER TABLE domains ADD COLUMN hsts_include_subdomains INTEGER NOT NULL DEFAULT 0;

-- What became of the certificate that was ordered for a domain: ordered, issued or failing, with why, and when the next order may be made.
-- The certificate itself is in the table certificates, and stays while a newer one cannot be had.
ALTER TABLE domains ADD COLUMN certificate_state TEXT CHECK (certificate_state IN ('ordered', 'issued', 'failing'));
ALTER TABLE domains ADD COLUMN certificate_not_after INTEGER;
ALTER TABLE domains ADD COLUMN certificate_renew_at INTEGER;
ALTER TABLE domains ADD COLUMN certificate_next_order_at INTEGER;
ALTER TABLE domains ADD COLUMN certificate_failures INTEGER NOT NULL DEFAULT 0;
ALTER TABLE domains ADD COLUMN certificate_error TEXT;
CREATE INDEX domains_by_certificate_state ON domains (certificate_state, certificate_renew_at);

-- hostname is what the certificate is for, also after the domain was given another one. chain is PEM; sealed_key is the key's PEM, sealed.
CREATE TABLE certificates (
    domain_id BLOB NOT NULL PRIMARY KEY REFERENCES domains (id) ON DELETE CASCADE,
    hostname TEXT NOT NULL,
    chain TEXT NOT NULL,
    sealed_key BLOB NOT NULL,
    not_after INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

-- Our account with an authority, without credentials until there is one. Until paused_until the authority wants no orders.
CREATE TABLE acme_accounts (
    directory_url TEXT NOT NULL PRIMARY KEY,
    sealed_credentials BLOB,
    paused_until INTEGER,
    created_at INTEGER NOT NULL
) STRICT;

-- What edges answer to an authority that looks whether a host name is ours.
CREATE TABLE acme_challenges (
    token TEXT NOT NULL PRIMARY KEY,
    hostname TEXT NOT NULL,
    key_authorization TEXT NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX acme_challenges_of_host ON acme_challenges (hostname, expires_at);
