//! Objects, by one suite on each of the forms: a folder, and a bucket of the server that `ELIDO_TEST_S3_URL` names
//! (`http://KEY:SECRET@HOST:PORT/BUCKET`).

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use elido::config::defaults;
use elido::config::sections::ObjectsConfig;
use elido::domain::error::{Error, ErrorKind, Result};
use elido::domain::id::WorkspaceId;
use elido::infra::jobs::Worker;
use elido::infra::objects::{self, ObjectKey, ObjectKind, Objects, Place};
use elido::infra::sealing::Sealing;
use elido::infra::store::{self, Store, purged_workspaces};
use elido::runtime::clock;
use elido::runtime::tasks::Tasks;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tempfile::TempDir;
use url::Url;

use crate::support::database;
use crate::support::platform::{PATIENCE, Platform, body, eventually};
use crate::support::ports::NOBODY;

const MEBIBYTE: usize = 1024 * 1024;
const KIND: ObjectKind = ObjectKind {
    name: "tests",
    content_type: "text/plain; charset=utf-8",
    bytes_max: 40 * MEBIBYTE as u64,
    kept_for: Duration::from_secs(60 * 60),
    ends_with_workspace: true,
};
/// One whose name begins like that of the other, and whose objects are too old at once.
const SHORT_LIVED: ObjectKind = ObjectKind { name: "tests-of-age", bytes_max: 1_000, kept_for: Duration::ZERO, ..KIND };
const KINDS: [ObjectKind; 2] = [KIND, SHORT_LIVED];

/// One form of the store, with nothing in it.
struct Form {
    name: &'static str,
    objects: Objects,
    folder: TempDir,
}

fn form(name: &'static str, config: &ObjectsConfig) -> Form {
    let folder = tempfile::tempdir().expect("a folder");
    let objects = open(config, folder.path());
    Form { name, objects, folder }
}

fn open(config: &ObjectsConfig, data_folder: &Path) -> Objects {
    drop(rustls::crypto::ring::default_provider().install_default());
    let sealing = Sealing::keep_in(data_folder, &String::new().into()).expect("a key");
    let public_url = "http://api.example.com".parse().expect("a URL");
    Objects::new(config, data_folder, &sealing, &public_url).expect("settings that make sense")
}

pub fn folder_settings() -> ObjectsConfig {
    defaults().expect("defaults").objects
}

/// A place of its own in the bucket; none without a server, which only tests on real servers need.
pub fn bucket_settings() -> Option<ObjectsConfig> {
    let Ok(server) = std::env::var("ELIDO_TEST_S3_URL") else {
        assert!(database::is_embedded(), "ELIDO_TEST_S3_URL names a server");
        println!("SKIPPED: objects in a bucket, because ELIDO_TEST_S3_URL names no server");
        return None;
    };
    let server = Url::parse(&server).expect("a URL");
    let bucket = server.path().trim_matches('/');
    Some(ObjectsConfig {
        url: format!("s3://{bucket}/{}", uuid::Uuid::new_v4().simple()),
        endpoint: server.origin().ascii_serialization(),
        access_key_id: server.username().to_owned(),
        secret_access_key: server.password().expect("a secret").into(),
        ..folder_settings()
    })
}

fn forms() -> Vec<Form> {
    let bucket = bucket_settings().map(|config| form("bucket", &config));
    [form("folder", &folder_settings())].into_iter().chain(bucket).collect()
}

fn key(kind: ObjectKind, names: &[&str]) -> ObjectKey {
    ObjectKey::new(kind, names).expect("plain names")
}

fn pieces(content: &[u8], length: usize) -> impl stream::Stream<Item = Result<Bytes>> + Send {
    let pieces: Vec<_> = content.chunks(length.max(1)).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    stream::iter(pieces)
}

/// Bytes of which no two parts are alike.
fn content(length: usize) -> Vec<u8> {
    (0..length).map(|place| ((place * 31 + place / 251) % 256) as u8).collect()
}

async fn read(form: &Form, key: &ObjectKey) -> Result<Vec<u8>> {
    let object = form.objects.get(key).await?;
    assert_eq!(object.content_type, KIND.content_type, "{}", form.name);
    assert_eq!(object.file_name, key.file_name(), "{}", form.name);
    let read: Vec<Bytes> = object.pieces.try_collect().await?;
    let read = read.concat();
    assert_eq!(read.len() as u64, object.bytes, "{}", form.name);
    Ok(read)
}

async fn put(form: &Form, key: &ObjectKey, content: &[u8]) {
    let put = form.objects.put(key, pieces(content, MEBIBYTE)).await.expect("it is put");
    assert_eq!(put.bytes, content.len() as u64, "{}", form.name);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_put_is_read_as_it_was() {
    for form in forms() {
        let key = key(KIND, &["a", "b", "file.txt"]);
        assert_eq!(read(&form, &key).await.expect_err("nothing yet").kind, ErrorKind::NotFound, "{}", form.name);
        // The last of these is sent in parts.
        for length in [0, 1, 5_000, 20 * MEBIBYTE + 17] {
            let content = content(length);
            put(&form, &key, &content).await;
            assert!(read(&form, &key).await.expect("it is there") == content, "{}: {length} bytes", form.name);
        }
        for _ in 0..2 {
            form.objects.delete(&key).await.expect("it is gone, and stays so");
        }
        assert_eq!(read(&form, &key).await.expect_err("gone").kind, ErrorKind::NotFound, "{}", form.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_long_or_breaks_off_leaves_what_was_there() {
    for form in forms() {
        let key = key(KIND, &["kept"]);
        put(&form, &key, b"before").await;
        let long = stream::repeat_with(|| Ok(Bytes::from(vec![7; MEBIBYTE]))).take(41);
        let refused = form.objects.put(&key, long).await.expect_err("too long");
        assert_eq!((refused.kind, refused.code), (ErrorKind::TooLarge, "object_too_large"), "{}", form.name);
        for parts in [1, 20] {
            let broken = stream::repeat_with(|| Ok(Bytes::from(vec![7; MEBIBYTE]))).take(parts);
            let broken = broken.chain(stream::iter([Err(Error::not_found("row"))]));
            let failed = form.objects.put(&key, broken).await.expect_err("it broke off");
            assert_eq!(failed.kind, ErrorKind::NotFound, "{}", form.name);
        }
        assert_eq!(read(&form, &key).await.expect("the one before"), b"before", "{}", form.name);
        let page = form.objects.list(KIND, None, 10).await.expect("a list");
        assert_eq!(page.objects.len(), 1, "{}: {page:?}", form.name);
        if form.name == "folder" {
            let files = std::fs::read_dir(form.folder.path().join("objects/tests")).expect("the folder").count();
            assert_eq!(files, 1, "nothing half-written is left");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_puts_at_once_one_is_there_whole() {
    for form in forms() {
        let key = key(KIND, &["contended"]);
        let (one, other) = (vec![1; 9 * MEBIBYTE], vec![2; 9 * MEBIBYTE]);
        tokio::join!(put(&form, &key, &one), put(&form, &key, &other));
        let found = read(&form, &key).await.expect("one of them");
        assert!(found == one || found == other, "{}", form.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_have_pages_in_the_order_of_names_and_one_kind_alone() {
    for form in forms() {
        let names = ["a-1", "a.2", "b", "c", "d", "e", "f"];
        for name in names.iter().rev() {
            put(&form, &key(KIND, &["ws", name]), name.as_bytes()).await;
            put(&form, &key(SHORT_LIVED, &[name]), b"x").await;
        }
        let (mut found, mut place, mut pages): (Vec<String>, Option<Place>, _) = (Vec::new(), None, 0);
        loop {
            let page = form.objects.list(KIND, place.as_ref(), 3).await.expect("a page");
            assert!(page.objects.len() <= 3, "{}", form.name);
            assert!(page.objects.iter().all(|object| object.bytes == object.key.file_name().len() as u64));
            found.extend(page.objects.iter().map(|object| object.key.to_string()));
            pages += 1;
            place = page.next;
            if place.is_none() {
                break;
            }
        }
        let expected: Vec<String> = names.iter().map(|name| format!("tests/ws/{name}")).collect();
        assert_eq!((found, pages), (expected, 3), "{}", form.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_go_when_they_are_as_old_as_their_kind_may_be_or_their_workspace_is_gone() {
    for form in forms() {
        let (there, gone) = (WorkspaceId::new(), WorkspaceId::new());
        let of = |kind, workspace: WorkspaceId| key(kind, &[&workspace.to_string(), "file"]);
        let (kept, old) = (of(KIND, there), key(SHORT_LIVED, &["old"]));
        for key in [&kept, &old, &of(KIND, gone)] {
            put(&form, key, b"x").await;
        }
        let (mut config, folder) = (defaults().expect("defaults"), tempfile::tempdir().expect("a folder"));
        config.database.url = database::of_its_own().await;
        store::migrate(&config.database, folder.path()).await.expect("a schema");
        let store = Store::connect(&config.database, folder.path()).await.expect("a store");
        let transaction = store.write().await.expect("a transaction");
        purged_workspaces::insert(&transaction, gone, clock::now()).await.expect("noted");
        transaction.commit().await.expect("committed");
        let tasks = Tasks::new();
        let handlers = objects::handlers(&form.objects, &store, KINDS.to_vec());
        Worker::new(store.clone(), handlers, PATIENCE).start(&tasks);
        for (kind, count) in [(SHORT_LIVED, 0), (KIND, 1)] {
            eventually("they are gone", || async {
                form.objects.list(kind, None, 10).await.expect("a list").objects.len() == count
            })
            .await;
        }
        assert_eq!(read(&form, &kept).await.expect("it is not old"), b"x", "{}", form.name);
        tasks.stop(PATIENCE).await.expect("it ends");
        store.close().await;
    }
}

/// A platform whose objects are kept like this, and the same objects as a service of it has them.
async fn platform_with(config: ObjectsConfig) -> (Platform, Objects) {
    let platform = Platform::start_with(|settings| settings.objects = config.clone()).await;
    let objects = open(&config, &platform.config.data_folder);
    (platform, objects)
}

/// The address as this test reaches it.
fn reachable(platform: &Platform, url: &Url) -> String {
    if url.host_str() == Some("api.example.com") { platform.api(url.path()) } else { url.to_string() }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_a_link_reads_one_object_until_it_expires() {
    for config in [Some(folder_settings()), bucket_settings()].into_iter().flatten() {
        let (platform, objects) = platform_with(config).await;
        let (one, other) = (key(KIND, &["ws", "one.txt"]), key(KIND, &["ws", "two.txt"]));
        for key in [&one, &other] {
            objects.put(key, pieces(key.file_name().as_bytes(), 3)).await.expect("it is put");
        }
        let link = objects.link(&one, Duration::from_secs(600)).await.expect("a link");
        let url = reachable(&platform, &link.url);
        let response = platform.client.get(&url).send().await.expect("a response");
        assert_eq!(response.status(), StatusCode::OK, "{url}");
        let header = |name: &str| response.headers()[name].to_str().expect("text").to_owned();
        assert_eq!(header("content-type"), KIND.content_type);
        assert_eq!(header("content-disposition"), "attachment; filename=\"one.txt\"");
        assert_eq!(response.text().await.expect("a body"), "one.txt");
        let refused = [StatusCode::FORBIDDEN, StatusCode::NOT_FOUND, StatusCode::GONE, StatusCode::BAD_REQUEST];
        for tampered in [url.replace("one.txt", "two.txt"), format!("{url}x"), url[..url.len() - 2].to_owned()] {
            if tampered != url {
                let status = platform.client.get(&tampered).send().await.expect("a response").status();
                assert!(refused.contains(&status), "{status}: {tampered}");
            }
        }
        let short = objects.link(&one, Duration::from_secs(1)).await.expect("a link");
        let short = reachable(&platform, &short.url);
        eventually("it has expired", || async {
            let status = platform.client.get(&short).send().await.expect("a response").status();
            refused.contains(&status)
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_of_a_folder_leads_nowhere_once_its_object_is_gone_or_for_another_deployment() {
    let (platform, objects) = platform_with(folder_settings()).await;
    let gone = objects.link(&key(KIND, &["gone"]), Duration::from_secs(600)).await.expect("a link");
    let elsewhere = form("folder", &folder_settings());
    put(&elsewhere, &key(KIND, &["there"]), b"x").await;
    let foreign = elsewhere.objects.link(&key(KIND, &["there"]), Duration::from_secs(600)).await.expect("a link");
    for link in [gone, foreign] {
        let request = platform.client.get(reachable(&platform, &link.url));
        let problem = body(request, StatusCode::NOT_FOUND).await;
        assert_eq!(problem["code"], "not_found", "{problem}");
    }
}

/// Settings of a bucket on a server that is not there.
pub fn settings_of_nobody() -> ObjectsConfig {
    ObjectsConfig {
        url: "s3://elido".to_owned(),
        endpoint: format!("http://{NOBODY}"),
        access_key_id: "elido".to_owned(),
        secret_access_key: "secret".into(),
        ..folder_settings()
    }
}

/// What the platform says of its readiness, whatever that is.
async fn readiness(platform: &Platform) -> Value {
    let response = platform.client.get(platform.internal("/readyz")).send().await.expect("a response");
    response.json().await.expect("a report")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_away_is_a_warning_and_stops_nothing_else() {
    let (platform, objects) = platform_with(settings_of_nobody()).await;
    eventually("it is noticed", || async {
        let report = readiness(&platform).await;
        report["status"] == "ready" && report["checks"]["objects"] == "degraded"
    })
    .await;
    let account = platform.account().await;
    platform.create_link(&account, &json!({ "destination_url": "https://example.com/" })).await;
    let failed = objects.put(&key(KIND, &["a"]), pieces(b"x", 1)).await.expect_err("nobody is there");
    assert_eq!(failed.kind, ErrorKind::Unavailable);
    let failed = objects.get(&key(KIND, &["a"])).await.err().expect("nobody is there");
    assert_eq!(failed.kind, ErrorKind::Unavailable);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_there_is_up_and_one_that_went_is_noticed() {
    for config in [Some(folder_settings()), bucket_settings()].into_iter().flatten() {
        let is_folder = config.folder().is_some();
        let (platform, _) = platform_with(config).await;
        let condition = async || readiness(&platform).await["checks"]["objects"].clone();
        eventually("it is up", || async { condition().await == "up" }).await;
        if is_folder {
            std::fs::remove_dir_all(platform.config.data_folder.join("objects")).expect("removed");
            eventually("it went", || async { condition().await == "degraded" }).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_does_not_exist_or_does_not_let_us_in_fails_its_check() {
    let Some(right) = bucket_settings() else { return };
    let check = async |config: &ObjectsConfig| form("bucket", config).objects.check().await.map_err(|error| error.kind);
    assert_eq!(check(&right).await, Ok(()));
    let wrong_secret = ObjectsConfig { secret_access_key: "wrong-secret".into(), ..right.clone() };
    let no_bucket = ObjectsConfig { url: "s3://nobody-has-made-this".to_owned(), ..right };
    for wrong in [wrong_secret, no_bucket] {
        assert_eq!(check(&wrong).await, Err(ErrorKind::Unavailable), "{}", wrong.url);
        let refused = form("bucket", &wrong).objects.put(&key(KIND, &["a"]), pieces(b"x", 1)).await;
        assert_eq!(refused.expect_err("refused").kind, ErrorKind::Unavailable);
    }
}
