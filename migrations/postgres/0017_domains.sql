-- Domains of workspaces: who claims which host name, and what DNS says of it. Several workspaces may claim one name; one at most has it
-- (states active and quarantined). The same change goes into migrations/sqlite; a test compares the two schemas.

ALTER TABLE domains DROP CONSTRAINT domains_hostname_key;
-- enabled says whether its links redirect: in the state active alone. The release before this one looks at nothing else.
ALTER TABLE domains ADD COLUMN display_name TEXT NOT NULL DEFAULT '';
ALTER TABLE domains ADD COLUMN default_redirect_status BIGINT NOT NULL DEFAULT 302;
ALTER TABLE domains ADD COLUMN utm TEXT NOT NULL DEFAULT '{}';
ALTER TABLE domains ADD COLUMN state TEXT NOT NULL DEFAULT 'active' CHECK (state IN ('pending', 'active', 'quarantined'));
ALTER TABLE domains ADD COLUMN state_reason TEXT NOT NULL DEFAULT 'default_domain';
ALTER TABLE domains ADD COLUMN state_since BIGINT NOT NULL DEFAULT 0;
-- What the TXT record of the domain has to say; no secret.
ALTER TABLE domains ADD COLUMN token TEXT NOT NULL DEFAULT '';
ALTER TABLE domains ADD COLUMN verified_at BIGINT;
ALTER TABLE domains ADD COLUMN failures BIGINT NOT NULL DEFAULT 0;
ALTER TABLE domains ADD COLUMN failing_since BIGINT;
ALTER TABLE domains ADD COLUMN next_check_at BIGINT;
-- JSON.
ALTER TABLE domains ADD COLUMN last_check TEXT;
ALTER TABLE domains ADD COLUMN findings TEXT NOT NULL DEFAULT '[]';
UPDATE domains SET display_name = hostname, state_since = created_at;

CREATE UNIQUE INDEX domains_claimed ON domains (workspace_id, hostname);
CREATE UNIQUE INDEX domains_owned ON domains (hostname) WHERE state <> 'pending';
CREATE INDEX domains_by_hostname ON domains (hostname);
CREATE INDEX domains_by_next_check ON domains (next_check_at);
