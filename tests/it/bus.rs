//! Events on the bus, read by a client of Kafka from the real server that `ELIDO_TEST_KAFKA_URL` names (dev/services/kafka).

use std::collections::BTreeMap;
use std::time::Duration;

use elido::domain::time::Timestamp;
use elido::infra::bus::{Bus, Producer, Record, Topic};
use elido::runtime::clock;
use rskafka::client::ClientBuilder;
use rskafka::client::partition::{OffsetAt, UnknownTopicHandling};
use serde_json::{Value, json};

use crate::support::database::is_embedded;
use crate::support::platform::{Platform, body, eventually};
use crate::support::ports::NOBODY;

/// The server; on the embedded stores there need not be one.
pub fn server() -> Option<String> {
    let Ok(url) = std::env::var("ELIDO_TEST_KAFKA_URL") else {
        assert!(is_embedded(), "ELIDO_TEST_KAFKA_URL names a server");
        println!("SKIPPED: ELIDO_TEST_KAFKA_URL does not name a server");
        return None;
    };
    Some(url)
}

pub fn unique(name: &str) -> String {
    format!("{name}-{}", uuid::Uuid::new_v4().simple())
}

/// Everything that a topic has, by partition and in order.
pub async fn read(url: &str, topic: &str) -> BTreeMap<i32, Vec<rskafka::record::Record>> {
    let brokers = vec![url.strip_prefix("kafka://").expect("an address").to_owned()];
    let client = ClientBuilder::new(brokers).build().await.expect("a client");
    let topics = client.list_topics().await.expect("topics");
    let Some(found) = topics.into_iter().find(|found| found.name == topic) else { return BTreeMap::new() };
    let mut all = BTreeMap::new();
    for number in found.partitions {
        let partition = client.partition_client(topic, number, UnknownTopicHandling::Error).await.expect("a partition");
        let end = partition.get_offset(OffsetAt::Latest).await.expect("an offset");
        let mut records = Vec::new();
        let mut offset = 0;
        while offset < end {
            let (some, _) = partition.fetch_records(offset, 1..10_000_000, 1_000).await.expect("records");
            offset = some.last().expect("a record").offset + 1;
            records.extend(some.into_iter().map(|record| record.record));
        }
        all.insert(number, records);
    }
    all
}

pub async fn count(url: &str, topic: &str) -> usize {
    read(url, topic).await.values().map(Vec::len).sum()
}

fn value(record: &rskafka::record::Record) -> Value {
    serde_json::from_slice(record.value.as_deref().expect("a value")).expect("JSON")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_is_published_under_its_subject_and_those_of_one_in_order() {
    let Some(url) = server() else { return };
    let topic = unique("events");
    let platform = Platform::start_with(|config| {
        config.bus.url.clone_from(&url);
        config.bus.events_topic.clone_from(&topic);
        config.bus.clicks_topic = unique("clicks");
        config.bus.partitions = 3;
    })
    .await;
    let account = platform.account().await;
    for number in 0..5 {
        let link = platform.create_link(&account, &json!({ "destination_url": "https://example.com/" })).await;
        let path = format!("/links/{}", link["id"].as_str().expect("an id"));
        for edit in 0..3 {
            let edit = json!({ "title": format!("{number}.{edit}") });
            let request = platform.of(&account, reqwest::Method::PATCH, &path).json(&edit);
            body(request.header("if-match", "*"), reqwest::StatusCode::OK).await;
        }
    }
    let told = platform.read(&account, "/events?limit=100").await["data"].as_array().expect("events").clone();
    let of_workspace = |records: &BTreeMap<i32, Vec<rskafka::record::Record>>| -> Vec<Value> {
        let mut values: Vec<Value> = records.values().flatten().map(value).collect();
        values.retain(|event| event["workspace_id"] == account.workspace.as_str());
        values
    };
    eventually("all are published", || async { of_workspace(&read(&url, &topic).await).len() >= told.len() }).await;
    let records = read(&url, &topic).await;
    assert_eq!(records.len(), 3);
    let mut published = of_workspace(&records);
    published.sort_by_key(|event| event["sequence"].as_i64());
    assert_eq!(published, told, "the same as over REST");
    let mut homes: BTreeMap<String, i32> = BTreeMap::new();
    let mut last: BTreeMap<String, i64> = BTreeMap::new();
    for (partition, record) in
        records.iter().flat_map(|(number, records)| records.iter().map(move |one| (*number, one)))
    {
        let event = value(record);
        let subject = event["subject"].as_str().expect("a subject").to_owned();
        assert_eq!(record.key.as_deref(), Some(subject.as_bytes()));
        assert_eq!(record.headers["elido-event-id"], event["id"].as_str().expect("an id").as_bytes());
        assert_eq!(record.headers["elido-event-type"], event["type"].as_str().expect("a type").as_bytes());
        assert_eq!(*homes.entry(subject.clone()).or_insert(partition), partition);
        let sequence = event["sequence"].as_i64().expect("a number");
        assert!(last.insert(subject, sequence).is_none_or(|before| before < sequence));
    }
    assert!(homes.values().collect::<std::collections::BTreeSet<_>>().len() > 1, "several partitions are used");
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_bus_is_away_everything_else_goes_on_and_the_events_follow() {
    let Some(url) = server() else { return };
    let topic = unique("events");
    let mut platform = Platform::start_with(|config| {
        config.bus.url = format!("kafka://{NOBODY}");
        config.bus.events_topic.clone_from(&topic);
        config.bus.clicks_topic = unique("clicks");
    })
    .await;
    let account = platform.account().await;
    for _ in 0..3 {
        platform.create_link(&account, &json!({ "destination_url": "https://example.com/" })).await;
    }
    assert_eq!(count(&url, &topic).await, 0);
    platform.stop().await;
    platform.config.bus.url.clone_from(&url);
    platform.start_again().await;
    let told = platform.read(&account, "/events").await["data"].as_array().expect("events").len();
    eventually("they are published", || async { count(&url, &topic).await >= told }).await;
    let consumers = || platform.client.get(platform.api("/v1/admin/event-consumers")).bearer_auth(&account.token);
    eventually("how far it is is noted", || async {
        body(consumers(), reqwest::StatusCode::OK).await["data"][0]["name"] == "event_publisher"
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_arrives_whole_in_order_and_in_pieces_that_brokers_take() {
    let Some(url) = server() else { return };
    let config =
        elido::config::bus_section::BusConfig { url: url.clone(), ..elido::config::defaults().expect("defaults").bus };
    let bus = Bus::new(&config).expect("settings").expect("a bus");
    let topic = Topic { name: unique("records"), partitions: 4, replication: 1 };
    let at = Timestamp::from_micros(clock::now().as_micros() / 1_000 * 1_000);
    let record = |number: u32| Record {
        key: format!("key {}", number % 7).into_bytes(),
        value: [number.to_le_bytes().as_slice(), &vec![b'x'; usize::try_from(number % 50).expect("small") * 100]]
            .concat(),
        headers: BTreeMap::from([("number".to_owned(), number.to_string().into_bytes())]),
        at,
    };
    let sent: Vec<Record> = (0..5_000).map(record).collect();
    let producer = Producer::new(bus.clone(), topic.clone());
    producer.send(sent.clone()).await.expect("sent");
    producer.send(Vec::new()).await.expect("nothing to send");
    // Another process, which finds the topic there.
    Producer::new(bus, Topic { partitions: 9, ..topic.clone() }).send(vec![record(5_000)]).await.expect("sent");

    let records = read(&url, &topic.name).await;
    assert_eq!((records.len(), records.values().map(Vec::len).sum::<usize>()), (4, 5_001));
    let mut arrived: BTreeMap<Vec<u8>, Vec<Record>> = BTreeMap::new();
    for record in records.into_values().flatten() {
        let key = record.key.expect("a key");
        let at = Timestamp::from_micros(record.timestamp.timestamp_micros());
        let record = Record { key: key.clone(), value: record.value.expect("a value"), headers: record.headers, at };
        arrived.entry(key).or_default().push(record);
    }
    for (key, records) in arrived {
        let expected: Vec<Record> =
            sent.iter().cloned().chain([record(5_000)]).filter(|record| record.key == key).collect();
        assert!(records == expected, "the records of one key are in order and as they were sent");
    }
    let too_long = Record {
        value: (0..3_000_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect(),
        ..record(1)
    };
    let begun = std::time::Instant::now();
    let refused = producer.send(vec![too_long]).await.expect_err("too long");
    assert!(begun.elapsed() < Duration::from_secs(60), "{refused}");
    producer.send(vec![record(2)]).await.expect("it goes on");
}
