-- What happened, for followers: the outbox. Whoever commits takes the numbers of its events from the same row as the number of
-- its change, in one statement, so that numbers have no gaps and none shows up after a higher one.
-- The same change goes into migrations/sqlite; a test compares the two schemas.

ALTER TABLE change_sequence ADD COLUMN last_event BIGINT NOT NULL DEFAULT 0;

-- workspace_id is null for what concerns the instance. It refers to nothing, because events outlive what they tell of.
-- data is JSON by the schema of type and schema_version.
CREATE TABLE events (
    sequence BIGINT NOT NULL PRIMARY KEY,
    id UUID NOT NULL UNIQUE,
    type TEXT COLLATE "C" NOT NULL,
    schema_version BIGINT NOT NULL,
    workspace_id UUID,
    subject TEXT COLLATE "C" NOT NULL,
    actor TEXT COLLATE "C" NOT NULL,
    data TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX events_of_workspace ON events (workspace_id, sequence);
CREATE INDEX events_by_creation ON events (created_at);

-- How far each named consumer has come. What is not yet done or was set aside is in event_failures.
CREATE TABLE event_consumers (
    name TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    position BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- An event that a consumer could not take: due again at retry_at, or set aside where that is null. Later events of the same
-- subject wait behind one that is due again. event is the whole of it, as JSON, because it may outlive its row in events.
CREATE TABLE event_failures (
    consumer TEXT COLLATE "C" NOT NULL,
    sequence BIGINT NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    event TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    retry_at BIGINT,
    last_error TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (consumer, sequence)
);
CREATE INDEX event_failures_by_retry ON event_failures (consumer, retry_at);
