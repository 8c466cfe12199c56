//! Evidence exports: written by a worker, signed, downloaded by a link, checked where there is nothing but the file and a key.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Output};

use elido::config::sections::ObjectsConfig;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use reqwest::{Method, StatusCode};
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::objects::{bucket_settings, folder_settings, settings_of_nobody};
use crate::support::platform::{Account, Platform, body, eventually};
use crate::support::ports::free_address;
use crate::support::statements::execute;

/// Somebody with a trail of their own.
async fn start(objects: ObjectsConfig) -> (Platform, Account) {
    let platform = Platform::start_with(|config| config.objects = objects).await;
    let account = platform.account().await;
    for _ in 0..5 {
        platform.create_link(&account, &json!({ "destination_url": "https://example.com/" })).await;
    }
    (platform, account)
}

async fn ask_for(platform: &Platform, account: &Account, draft: &Value) -> Value {
    body(platform.of(account, Method::POST, "/evidence-exports").json(draft), StatusCode::ACCEPTED).await
}

/// The export once it is no longer pending.
async fn finished(platform: &Platform, account: &Account, export: &Value) -> Value {
    let path = format!("/evidence-exports/{}", export["id"].as_str().expect("an id"));
    eventually("it is finished", || async { platform.read(account, &path).await["state"] != "pending" }).await;
    platform.read(account, &path).await
}

async fn link(platform: &Platform, account: &Account, export: &Value) -> String {
    let path = format!("/evidence-exports/{}/link", export["id"].as_str().expect("an id"));
    let link = platform.read(account, &path).await;
    let url = link["url"].as_str().expect("a URL");
    match url.strip_prefix("http://localhost:8090") {
        Some(path) => platform.api(path),
        None => url.to_owned(),
    }
}

/// The archive of this part of the trail.
async fn export(platform: &Platform, account: &Account, draft: &Value) -> Vec<u8> {
    let asked = ask_for(platform, account, draft).await;
    let export = finished(platform, account, &asked).await;
    assert_eq!(export["state"], "ready", "{export}");
    let response = platform.client.get(link(platform, account, &export).await).send().await.expect("a response");
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["content-type"], "application/gzip");
    let archive = response.bytes().await.expect("a body").to_vec();
    assert_eq!(export["bytes"], archive.len());
    assert_eq!(export["sha256"], format!("{:x}", Sha256::digest(&archive)));
    archive
}

async fn key(platform: &Platform) -> String {
    let key = body(platform.client.get(platform.api("/.well-known/elido-evidence-key")), StatusCode::OK).await;
    assert_eq!(key["algorithm"], "ed25519");
    key["public_key"].as_str().expect("a key").to_owned()
}

/// Checks archives where there is no instance, no database and no setting.
fn verify(archives: &[&[u8]], keys: &[&str]) -> Output {
    let elsewhere = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(env!("CARGO_BIN_EXE_elido"));
    command.env_clear().current_dir(elsewhere.path()).args(["audit", "verify"]);
    for (number, archive) in archives.iter().enumerate() {
        let name = format!("evidence-{number}.tar.gz");
        fs::write(elsewhere.path().join(&name), archive).expect("a file");
        command.arg(name);
    }
    if !keys.is_empty() {
        command.args(["--public-key", &keys.join(",")]);
    }
    command.output().expect("the executable runs")
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Names and contents, in their order.
type Files = Vec<(String, Vec<u8>)>;

/// The files of an archive.
fn unpack(archive: &[u8]) -> Files {
    let mut archive = tar::Archive::new(GzDecoder::new(archive));
    let read = |entry: std::io::Result<tar::Entry<'_, _>>| {
        let mut entry = entry.expect("a file");
        let (name, mut content) = (String::from_utf8_lossy(&entry.path_bytes()).into_owned(), Vec::new());
        Read::read_to_end(&mut entry, &mut content).expect("its content");
        (name, content)
    };
    archive.entries().expect("an archive").map(read).collect()
}

fn pack(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (name, content) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, Path::new(name), content.as_slice()).expect("written");
    }
    archive.into_inner().expect("written").finish().expect("written")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_checked_on_another_machine_with_the_key_alone() {
    for objects in [Some(folder_settings()), bucket_settings()].into_iter().flatten() {
        let (platform, account) = start(objects).await;
        let (archive, key) = (export(&platform, &account, &json!({})).await, key(&platform).await);
        let verified = verify(&[&archive], &[&key]);
        assert!(verified.status.success(), "{}", text(&verified));
        for part in
            [account.workspace.as_str(), "is whole up to row 6", key.as_str(), "signed by http://localhost:8090/"]
        {
            assert!(text(&verified).contains(part), "{part}: {}", text(&verified));
        }
        let files = unpack(&archive);
        let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["manifest.json", "manifest.json.sig", "audit.ndjson"]);
        let manifest: Value = serde_json::from_slice(&files[0].1).expect("JSON");
        assert_eq!((&manifest["rows"], &manifest["chain"]), (&json!(6), &json!(account.workspace)), "{manifest}");
        assert_eq!(manifest["actions"], json!({ "link.created": 5, "workspace.created": 1 }));
        assert_eq!((&manifest["public_key"], &manifest["through"]["sequence"]), (&json!(key), &json!(6)));
        assert_eq!(String::from_utf8_lossy(&files[2].1).lines().count(), 7, "a header and six rows");
        let trail = platform.read(&account, "/audit-events?action=evidence_export.finished").await;
        assert_eq!(
            (&trail["data"][0]["actor"], &trail["data"][0]["after"]["state"]),
            (&json!("instance"), &json!("ready"))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_asks_for_an_export_and_fetches_it() {
    for objects in [Some(folder_settings()), bucket_settings()].into_iter().flatten() {
        let port = free_address();
        let platform = Platform::start_with(|config| {
            config.objects = objects;
            // Links lead to where people reach the API.
            config.api.listen = port;
            config.api.public_url = format!("http://{port}/").parse().expect("a URL");
        })
        .await;
        let account = platform.account().await;
        let folder = tempfile::tempdir().expect("a folder");
        let mut command = Command::new(env!("CARGO_BIN_EXE_elido"));
        command.args(["audit", "evidence", "--through", "1", "evidence.tar.gz"]).current_dir(folder.path());
        command.env("ELIDO_API_URL", platform.api("")).env("ELIDO_TOKEN", &account.token);
        command.env("ELIDO_WORKSPACE", &account.workspace);
        let output = tokio::task::spawn_blocking(move || command.output()).await.expect("a thread");
        let output = output.expect("the executable runs");
        assert!(output.status.success(), "{}", text(&output));
        let archive = fs::read(folder.path().join("evidence.tar.gz")).expect("the file");
        let verified = verify(&[&archive], &[&key(&platform).await]);
        assert!(verified.status.success() && text(&verified).contains("whole up to row 1,"), "{}", text(&verified));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_changed_in_an_archive_shows() {
    let (platform, account) = start(folder_settings()).await;
    let other = platform.sign_in().await;
    let (archive, key) = (export(&platform, &account, &json!({})).await, key(&platform).await);
    let files = unpack(&archive);
    let rows: Vec<String> = String::from_utf8_lossy(&files[2].1).lines().map(str::to_owned).collect();
    let with = |place: usize, content: Vec<u8>| {
        let mut files = files.clone();
        files[place].1 = content;
        pack(&files)
    };
    let with_rows = |change: &dyn Fn(&mut Vec<String>)| {
        let mut rows = rows.clone();
        change(&mut rows);
        with(2, (rows.join("\n") + "\n").into_bytes())
    };
    let with_files = |change: &dyn Fn(&mut Files)| {
        let mut files = files.clone();
        change(&mut files);
        pack(&files)
    };
    let manifest = String::from_utf8(files[0].1.clone()).expect("text");
    let others = unpack(&export(&platform, &other, &json!({})).await);
    assert!(verify(&[&pack(&files)], &[&key]).status.success(), "packing alone changes nothing");
    let attacks = [
        ("an edited row", with_rows(&|rows| rows[3] = rows[3].replace("example.com", "example.org"))),
        ("a row less", with_rows(&|rows| drop(rows.remove(3)))),
        ("a row moved", with_rows(&|rows| rows.swap(3, 4))),
        ("a row more", with_rows(&|rows| rows.insert(3, rows[3].clone()))),
        ("the end cut off", with_rows(&|rows| rows.truncate(5))),
        (
            "a line of the header",
            with_rows(&|rows| rows[0] = rows[0].replace("\"elido_audit_export\":1", "\"elido_audit_export\":2")),
        ),
        ("an edited manifest", with(0, manifest.replace("\"rows\": 6", "\"rows\": 5").into_bytes())),
        ("another's manifest", with_files(&|files| files[..2].clone_from_slice(&others[..2]))),
        ("another's rows", with(2, others[2].1.clone())),
        ("an empty signature", with(1, Vec::new())),
        ("a file more", with_files(&|files| files.push(("more.txt".to_owned(), b"x".to_vec())))),
        ("half the archive", archive[..archive.len() - 200].to_vec()),
    ];
    for (what, attack) in attacks {
        assert!(attack != archive, "{what} is a change");
        let verified = verify(&[&attack], &[&key]);
        assert_eq!(verified.status.code(), Some(1), "{what}: {}", text(&verified));
        assert!(text(&verified).contains("NOT whole"), "{what}: {}", text(&verified));
    }
    for (what, attack) in [
        ("no signature", with_files(&|files| drop(files.remove(1)))),
        ("another order", with_files(&|files| files.swap(1, 2))),
        ("no rows", with_files(&|files| files.truncate(2))),
        ("nothing", pack(&[])),
        ("noise", [0x1f, 0x8b, 1, 2, 3].to_vec()),
    ] {
        assert_eq!(verify(&[&attack], &[&key]).status.code(), Some(1), "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_counts_for_nothing_unless_a_trusted_key_signed_it() {
    let (platform, account) = start(folder_settings()).await;
    let (archive, key) = (export(&platform, &account, &json!({})).await, key(&platform).await);
    let unasked = verify(&[&archive], &[]);
    assert_eq!(unasked.status.code(), Some(2), "{}", text(&unasked));
    assert!(text(&unasked).contains(&key) && text(&unasked).contains("--public-key"), "{}", text(&unasked));

    // Somebody with the whole archive signs it anew, with a key of theirs.
    let forger = Ed25519KeyPair::from_seed_unchecked(&[9; 32]).expect("a key");
    let theirs = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, forger.public_key().as_ref());
    let mut files = unpack(&archive);
    let manifest = String::from_utf8(files[0].1.clone()).expect("text").replace(&key, &theirs);
    files[1].1 = forger.sign(manifest.as_bytes()).as_ref().to_vec();
    files[0].1 = manifest.into_bytes();
    let forged = pack(&files);
    assert!(verify(&[&forged], &[&theirs]).status.success(), "the forgery is a good one");
    let verified = verify(&[&forged], &[&key]);
    assert_eq!(verified.status.code(), Some(1), "{}", text(&verified));
    assert!(text(&verified).contains("none of the keys"), "{}", text(&verified));
    assert!(verify(&[&archive], &[&theirs, &key]).status.success(), "one of several keys is enough");
    assert_eq!(verify(&[&archive], &["AAAA"]).status.code(), Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_of_the_trail_are_asked_for_by_number_or_time() {
    let (platform, account) = start(folder_settings()).await;
    let trail = platform.read(&account, "/audit-events").await;
    let at = |sequence: usize| trail["data"][6 - sequence]["at"].as_str().expect("a time").to_owned();
    for (draft, after, through) in [
        (json!({}), 0, 6),
        (json!({ "after": 2, "through": 4 }), 2, 4),
        (json!({ "from": at(3), "until": at(5) }), 2, 4),
        (json!({ "until": at(2) }), 0, 1),
    ] {
        let export = ask_for(&platform, &account, &draft).await;
        assert_eq!((&export["after"], &export["through"]), (&json!(after), &json!(through)), "{draft}");
        finished(&platform, &account, &export).await;
    }
    for (draft, pointer, code) in [
        (json!({ "after": 1, "until": at(5) }), "", "ambiguous_range"),
        (json!({ "after": 4, "through": 4 }), "/through", "empty_range"),
        (json!({ "through": 4000 }), "/through", "no_such_row"),
        (json!({ "after": 4000 }), "", "empty_range"),
        (json!({ "from": at(5), "until": at(5) }), "/until", "empty_range"),
        (json!({ "until": "2020-01-01T00:00:00Z" }), "", "empty_range"),
        (json!({ "from": "2400-01-01T00:00:00Z" }), "", "empty_range"),
        (json!({ "after": -1 }), "/after", "invalid_value"),
    ] {
        let request = platform.of(&account, Method::POST, "/evidence-exports").json(&draft);
        let problem = body(request, StatusCode::BAD_REQUEST).await;
        assert_eq!(
            (&problem["errors"][0]["pointer"], &problem["errors"][0]["code"]),
            (&json!(pointer), &json!(code)),
            "{draft}"
        );
    }
    let (first, second) = (json!({ "through": 3 }), json!({ "after": 3, "through": 6 }));
    let (first, second) = (export(&platform, &account, &first).await, export(&platform, &account, &second).await);
    let verified = verify(&[&first, &second], &[&key(&platform).await]);
    assert!(verified.status.success(), "{}", text(&verified));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trail_that_is_not_whole_gives_the_reason_and_no_archive() {
    let (platform, account) = start(folder_settings()).await;
    execute(&platform.config, "UPDATE audit_events SET target = 'lnk_x' WHERE sequence = 4").await;
    let asked = ask_for(&platform, &account, &json!({ "through": 6 })).await;
    let export = finished(&platform, &account, &asked).await;
    assert_eq!(export["state"], "failed", "{export}");
    assert!(export["error"].as_str().expect("a reason").contains("row 4 does not fit its hash"), "{export}");
    let path = format!("/evidence-exports/{}/link", export["id"].as_str().expect("an id"));
    let problem = body(platform.of(&account, Method::GET, &path), StatusCode::CONFLICT).await;
    assert_eq!(problem["code"], "not_ready");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_has_a_few_exports_on_their_way_at_most() {
    let (platform, account) = start(folder_settings()).await;
    for _ in 0..5 {
        let asked = ask_for(&platform, &account, &json!({})).await;
        finished(&platform, &account, &asked).await;
    }
    execute(&platform.config, "UPDATE evidence_exports SET state = 'pending'").await;
    let request = platform.of(&account, Method::POST, "/evidence-exports").json(&json!({}));
    assert_eq!(body(request, StatusCode::CONFLICT).await["code"], "too_many_exports");
    let other = platform.sign_in().await;
    ask_for(&platform, &other, &json!({})).await;
    let listed = platform.read(&account, "/evidence-exports?limit=3").await;
    assert_eq!(listed["data"].as_array().map(Vec::len), Some(3));
    let cursor = listed["next_cursor"].as_str().expect("there are more");
    let rest = platform.read(&account, &format!("/evidence-exports?limit=3&cursor={cursor}")).await;
    assert_eq!((rest["data"].as_array().map(Vec::len), &rest["next_cursor"]), (Some(2), &Value::Null));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_export_goes_with_its_archive() {
    let (mut platform, account) = start(folder_settings()).await;
    let asked = ask_for(&platform, &account, &json!({})).await;
    let export = finished(&platform, &account, &asked).await;
    let download = link(&platform, &account, &export).await;
    let path = download.trim_start_matches(&platform.api("")).to_owned();
    assert_eq!(platform.client.get(&download).send().await.expect("a response").status(), StatusCode::OK);
    platform.stop().await;
    execute(&platform.config, "UPDATE evidence_exports SET expires_at = 1").await;
    execute(&platform.config, "DELETE FROM job_schedules WHERE kind = 'forget_evidence'").await;
    platform.start_again().await;
    eventually("it is gone", || async {
        platform.read(&account, "/evidence-exports").await["data"].as_array().is_some_and(Vec::is_empty)
    })
    .await;
    let response = platform.client.get(platform.api(&path)).send().await.expect("a response");
    assert_eq!(response.status(), StatusCode::NOT_FOUND, "the archive is gone too");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_waits_for_a_store_that_is_away() {
    let (platform, account) = start(settings_of_nobody()).await;
    let asked = ask_for(&platform, &account, &json!({})).await;
    let job = || async {
        let jobs = platform.client.get(platform.api("/v1/admin/jobs?kind=write_evidence")).bearer_auth(&account.token);
        body(jobs, StatusCode::OK).await["data"][0].clone()
    };
    eventually("it was tried, and is tried again", || async {
        let job = job().await;
        job["last_error"].is_string() && job["state"] == "ready"
    })
    .await;
    let path = format!("/evidence-exports/{}", asked["id"].as_str().expect("an id"));
    assert_eq!(platform.read(&account, &path).await["state"], "pending");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_writes_any_more_is_given_up() {
    let mut platform = Platform::start().await;
    let account = platform.account().await;
    platform.stop().await;
    platform.start_again_as("api".parse().expect("a role")).await;
    let export = ask_for(&platform, &account, &json!({})).await;
    // Its last worker was killed: the job is gone, and the export is still to be written.
    execute(&platform.config, "DELETE FROM jobs WHERE kind = 'write_evidence'").await;
    let of_yesterday = format!("UPDATE evidence_exports SET created_at = created_at - {}", 25_i64 * 3_600_000_000);
    execute(&platform.config, &of_yesterday).await;
    execute(&platform.config, "DELETE FROM job_schedules WHERE kind = 'forget_evidence'").await;
    platform.stop().await;
    platform.start_again().await;
    let export = finished(&platform, &account, &export).await;
    assert_eq!((&export["state"], export["finished_at"].is_string()), (&json!("failed"), true), "{export}");
}
