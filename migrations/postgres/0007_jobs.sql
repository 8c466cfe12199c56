-- Work that goes on after a response: what is to be done, who does it until when, and what became of it. payload is JSON text.
-- attempts counts the tries that began. Whoever runs a job holds it by (lease_owner, attempts) until lease_until.
-- The same change goes into migrations/sqlite; a test compares the two schemas.

CREATE TABLE jobs (
    id UUID NOT NULL PRIMARY KEY,
    kind TEXT COLLATE "C" NOT NULL,
    payload TEXT NOT NULL,
    unique_key TEXT COLLATE "C",
    concurrency_key TEXT COLLATE "C",
    -- 0 goes before 1, and 1 before 2.
    priority BIGINT NOT NULL,
    run_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    max_attempts BIGINT NOT NULL,
    lease_until BIGINT,
    lease_owner UUID,
    state TEXT COLLATE "C" NOT NULL CHECK (state IN ('ready', 'running', 'done', 'dead')),
    last_error TEXT,
    created_at BIGINT NOT NULL,
    finished_at BIGINT
);
CREATE INDEX jobs_ready ON jobs (kind, priority, run_at, id) WHERE state = 'ready';
CREATE UNIQUE INDEX jobs_unique ON jobs (kind, unique_key) WHERE state IN ('ready', 'running') AND unique_key IS NOT NULL;
CREATE INDEX jobs_running ON jobs (lease_until) WHERE state = 'running';
CREATE INDEX jobs_finished ON jobs (state, finished_at) WHERE state IN ('done', 'dead');
-- Every job changes three times and leaves the index of what is ready: without frequent cleaning, claims wade through what is gone.
ALTER TABLE jobs SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0);

-- Up to which moment each kind that is due from time to time has been enqueued.
CREATE TABLE job_schedules (
    kind TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    last_at BIGINT NOT NULL
);
