-- What happened, for followers: the outbox. Whoever commits takes the numbers of its events from the same row as the number of
-- its change, in one statement, so that numbers have no gaps and none shows up after a higher one.
-- The same change goes into migrations/postgres; a test compares the two schemas.

ALTER TABLE change_sequence ADD COLUMN last_event INTEGER NOT NULL DEFAULT 0;

-- workspace_id is null for what concerns the instance. It refers to nothing, because events outlive what they tell of.
-- data is JSON by the schema of type and schema_version.
CREATE TABLE events (
    sequence INTEGER NOT NULL PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    type TEXT NOT NULL,
    schema_version INTEGER NOT NULL,
    workspace_id BLOB,
    subject TEXT NOT NULL,
    actor TEXT NOT NULL,
    data TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX events_of_workspace ON events (workspace_id, sequence);
CREATE INDEX events_by_creation ON events (created_at);

-- How far each named consumer has come. What is not yet done or was set aside is in event_failures.
CREATE TABLE event_consumers (
    name TEXT NOT NULL PRIMARY KEY,
    position INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

-- An event that a consumer could not take: due again at retry_at, or set aside where that is null. Later events of the same
-- subject wait behind one that is due again. event is the whole of it, as JSON, because it may outlive its row in events.
CREATE TABLE event_failures (
    consumer TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    subject TEXT NOT NULL,
    event TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    retry_at INTEGER,
    last_error TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (consumer, sequence)
) STRICT;
CREATE INDEX event_failures_by_retry ON event_failures (consumer, retry_at);
