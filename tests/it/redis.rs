//! What Redis has to do for edges, on whichever kind of server `ELIDO_TEST_REDIS_URL` names; nothing on the embedded stores.

use std::time::Duration;

use bytes::Bytes;
use elido::config::sections::CacheConfig;
use elido::infra::cache::redis::{Entry, Redis, RedisError};
use elido::runtime::tasks::Tasks;
use elido::runtime::token_bucket::{Decision, Rate};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use secrecy::ExposeSecret;

use crate::support::cache;
use crate::support::cuttable_proxy::CuttableProxy;
use crate::support::database::is_embedded;
use crate::support::platform::{PATIENCE, eventually};

const HOUR: Duration = Duration::from_secs(3_600);

/// A connected client, and the tasks that keep it connected.
async fn connected(config: &CacheConfig) -> (Redis, Tasks) {
    drop(rustls::crypto::ring::default_provider().install_default());
    let tasks = Tasks::new();
    let redis = Redis::connect(config, &tasks).expect("an address that makes sense");
    eventually("a connection", || async { redis.get("nothing").await.is_ok() }).await;
    (redis, tasks)
}

fn entry(key: &str, stamp: i64, value: &str) -> Entry {
    Entry { key: key.to_owned(), stamp, value: Bytes::copy_from_slice(value.as_bytes()), lifetime: HOUR }
}

fn stored(stamp: i64, value: &str) -> Bytes {
    [&stamp.to_be_bytes()[..], value.as_bytes()].concat().into()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_value_with_the_highest_stamp_stays_in_whatever_order_they_come() {
    if is_embedded() {
        return;
    }
    let config = cache::of_its_own();
    let (redis, _tasks) = connected(&config).await;
    let mut stamps =
        [0, 1, 127, 128, 255, 256, 61_898, 61_899, 1 << 31, (1 << 31) + 1, 1 << 40, i64::MAX - 1, i64::MAX];
    for seed in 0..20 {
        let key = format!("key-{seed}");
        stamps.shuffle(&mut StdRng::seed_from_u64(seed));
        for (index, stamp) in stamps.iter().enumerate() {
            redis.put_newer(vec![entry(&key, *stamp, &stamp.to_string())]).await.expect("it is kept");
            let highest = *stamps[..=index].iter().max().expect("one at least");
            assert_eq!(redis.get(&key).await, Ok(Some(stored(highest, &highest.to_string()))), "{stamps:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_keys_of_many_slots_are_kept_and_read_at_once() {
    if is_embedded() {
        return;
    }
    let (redis, _tasks) = connected(&cache::of_its_own()).await;
    let keys: Vec<String> = (0..300).map(|number| format!("key-{number}")).collect();
    redis.put_newer(keys.iter().map(|key| entry(key, 7, key)).collect()).await.expect("they are kept");
    // An empty value says that there is nothing, which is not the same as no value.
    redis.put_newer(vec![entry("key-0", 8, "")]).await.expect("it is kept");
    assert_eq!(redis.get("key-0").await, Ok(Some(stored(8, ""))));
    for key in keys.iter().skip(1) {
        assert_eq!(redis.get(key).await, Ok(Some(stored(7, key))));
    }
    assert_eq!(redis.get("absent").await, Ok(None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_reaches_whoever_listens() {
    if is_embedded() {
        return;
    }
    let config = cache::of_its_own();
    let ((sender, _), (receiver, tasks)) = (connected(&config).await, connected(&config).await);
    let mut messages = receiver.subscribe("word", &tasks).expect("an address that makes sense");
    let received = async {
        loop {
            sender.publish("word", Bytes::from_static(b"hello")).await.expect("it is sent");
            // Until the subscription has begun, nobody receives anything.
            if let Ok(message) = tokio::time::timeout(Duration::from_millis(100), messages.next()).await {
                return message;
            }
        }
    };
    let received = tokio::time::timeout(PATIENCE, received).await.expect("in time");
    assert_eq!(received, Some(Bytes::from_static(b"hello")));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_clients_take_from_one_bucket() {
    if is_embedded() {
        return;
    }
    let config = cache::of_its_own();
    let ((one, _one), (other, _other)) = (connected(&config).await, connected(&config).await);
    let rate = Rate::new(1, HOUR, 10).expect("a rate");
    let takes = (0..30).map(|number| if number % 2 == 0 { &one } else { &other }.take_token("bucket", rate));
    let decisions = futures_util::future::join_all(takes).await;
    let allowed = decisions.iter().filter(|decision| matches!(decision, Ok(Decision::Allowed { .. }))).count();
    assert_eq!((allowed, decisions.len()), (10, 30), "{decisions:?}");
    assert!(matches!(one.take_token("another bucket", rate).await, Ok(Decision::Allowed { remaining: 9, .. })));
    match other.take_token("bucket", rate).await.expect("a response") {
        Decision::Refused { retry_after } => assert!(retry_after <= HOUR && retry_after > HOUR / 2),
        allowed @ Decision::Allowed { .. } => panic!("{allowed:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_says_nothing_costs_its_time_once() {
    drop(rustls::crypto::ring::default_provider().install_default());
    // The kernel takes the connection; nobody ever reads from it.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("redis://{}", silent.local_addr().expect("its address"));
    let defaults = elido::config::defaults().expect("the defaults are valid").cache;
    let tasks = Tasks::new();
    let redis = Redis::connect(&CacheConfig { url: url.into(), ..defaults }, &tasks).expect("an address");
    let first = tokio::time::timeout(PATIENCE, redis.get("key")).await.expect("an end");
    assert_ne!(first, Err(RedisError::Unavailable), "the first call is made");
    assert!(first.is_err());
    eventually("no call is made for a while", || async { redis.get("key").await == Err(RedisError::Unavailable) })
        .await;
    assert!(redis.is_unavailable().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_back_counts_as_back_though_nobody_asks_it_for_anything() {
    let config = cache::of_its_own();
    if !config.url.expose_secret().starts_with("redis://") {
        eprintln!("SKIPPED: a client of a cluster goes past the proxy");
        return;
    }
    let proxy = CuttableProxy::start(&config.url).await;
    let (redis, _tasks) = connected(&CacheConfig { url: proxy.url().into(), ..config }).await;
    proxy.cut();
    eventually("a call that fails", || async { redis.get("key").await.is_err() }).await;
    assert!(redis.is_unavailable().await);
    proxy.mend();
    eventually("Redis is back", || async { !redis.is_unavailable().await }).await;
}
