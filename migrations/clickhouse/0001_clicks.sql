-- One row a click, enriched. Absent facts are NULL, times are microseconds UTC. Every statement may run twice, and by several at once:
-- {cluster} is ON CLUSTER with its name, {replicated} the beginning of the engines there; both are empty on a single server.
-- The last ten thousand inserts are known by their tokens, for a week where replicas share that knowledge.
CREATE TABLE IF NOT EXISTS clicks{cluster} (
    -- Which record of which journal it was: the click's identity.
    journal_id      Int64                                   CODEC(ZSTD(1)),
    position        Int64                                   CODEC(Delta, ZSTD(1)),
    at              DateTime64(6, 'UTC')                    CODEC(Delta, ZSTD(1)),
    workspace_id    Nullable(UUID)                          CODEC(ZSTD(1)),
    domain_id       Nullable(UUID)                          CODEC(ZSTD(1)),
    link_id         Nullable(UUID)                          CODEC(ZSTD(1)),
    kind            LowCardinality(String),
    status          UInt16                                  CODEC(ZSTD(1)),
    -- Whether reports count it unless asked otherwise: a person's visit, neither prefetched nor asked for with HEAD.
    counted         Bool,
    host            LowCardinality(String),
    slug            String                                  CODEC(ZSTD(1)),
    country         LowCardinality(Nullable(String)),
    region          LowCardinality(Nullable(String)),
    city            LowCardinality(Nullable(String)),
    asn             Nullable(UInt32)                        CODEC(ZSTD(1)),
    device          LowCardinality(String),
    os              LowCardinality(Nullable(String)),
    browser         LowCardinality(Nullable(String)),
    agent           LowCardinality(String),
    prefetch        Bool,
    head            Bool,
    referrer_host   Nullable(String)                        CODEC(ZSTD(1)),
    language        LowCardinality(Nullable(String)),
    utm_source      LowCardinality(Nullable(String)),
    utm_medium      LowCardinality(Nullable(String)),
    utm_campaign    LowCardinality(Nullable(String)),
    utm_term        Nullable(String)                        CODEC(ZSTD(1)),
    utm_content     Nullable(String)                        CODEC(ZSTD(1)),
    rule            LowCardinality(Nullable(String)),
    variant         LowCardinality(Nullable(String)),
    qr              Bool,
    -- A hash under a key that changes every day and is never stored.
    visitor         Nullable(UInt64)                        CODEC(ZSTD(1))
)
ENGINE = {replicated}MergeTree
PARTITION BY toYYYYMM(at)
ORDER BY (workspace_id, link_id, at)
SETTINGS allow_nullable_key = 1,
    non_replicated_deduplication_window = 10000,
    replicated_deduplication_window = 10000,
    replicated_deduplication_window_seconds = 604800,
    fsync_after_insert = 1,
    fsync_part_directory = 1;

-- What each link was ever clicked, as reports count by default. It stays when clicks are deleted.
CREATE TABLE IF NOT EXISTS link_totals{cluster} (
    workspace_id    UUID,
    link_id         UUID,
    clicks          SimpleAggregateFunction(sum, UInt64),
    last_click_at   SimpleAggregateFunction(max, DateTime64(6, 'UTC'))
)
ENGINE = {replicated}AggregatingMergeTree
ORDER BY (workspace_id, link_id)
SETTINGS non_replicated_deduplication_window = 10000,
    replicated_deduplication_window = 10000,
    replicated_deduplication_window_seconds = 604800,
    fsync_after_insert = 1,
    fsync_part_directory = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS link_totals_of_clicks{cluster} TO link_totals AS
SELECT assumeNotNull(visits.workspace_id) AS workspace_id, assumeNotNull(visits.link_id) AS link_id,
    count() AS clicks, max(visits.at) AS last_click_at
FROM clicks AS visits
WHERE visits.counted AND visits.kind = 'redirect' AND visits.workspace_id IS NOT NULL AND visits.link_id IS NOT NULL
GROUP BY workspace_id, link_id;
