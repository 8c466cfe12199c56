-- Work that goes on after a response: what is to be done, who does it until when, and what became of it. payload is JSON text.
-- attempts counts the tries that began. Whoever runs a job holds it by (lease_owner, attempts) until lease_until.
-- The same change goes into migrations/postgres; a test compares the two schemas.

CREATE TABLE jobs (
    id BLOB NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    payload TEXT NOT NULL,
    unique_key TEXT,
    concurrency_key TEXT,
    -- 0 goes before 1, and 1 before 2.
    priority INTEGER NOT NULL,
    run_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    max_attempts INTEGER NOT NULL,
    lease_until INTEGER,
    lease_owner BLOB,
    state TEXT NOT NULL CHECK (state IN ('ready', 'running', 'done', 'dead')),
    last_error TEXT,
    created_at INTEGER NOT NULL,
    finished_at INTEGER
) STRICT;
CREATE INDEX jobs_ready ON jobs (kind, priority, run_at, id) WHERE state = 'ready';
CREATE UNIQUE INDEX jobs_unique ON jobs (kind, unique_key) WHERE state IN ('ready', 'running') AND unique_key IS NOT NULL;
CREATE INDEX jobs_running ON jobs (lease_until) WHERE state = 'running';
CREATE INDEX jobs_finished ON jobs (state, finished_at) WHERE state IN ('done', 'dead');

-- Up to which moment each kind that is due from time to time has been enqueued.
CREATE TABLE job_schedules (
    kind TEXT NOT NULL PRIMARY KEY,
    last_at INTEGER NOT NULL
) STRICT;
