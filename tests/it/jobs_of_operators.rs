//! Jobs as those who run an instance see them: over REST, gRPC and the command line, and nobody else.

use elido::domain::recorded::Chain;
use elido::infra::grpc::v1::jobs_client::JobsClient;
use elido::infra::grpc::v1::{DiscardJobRequest, GetJobRequest, JobState, ListJobsRequest, RetryJobRequest};
use elido::infra::store::{Store, audit};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tonic::metadata::MetadataValue;
use tonic::{Code, Request};

use crate::support::platform::{Account, Platform, body, eventually};
use crate::support::statements;

/// A request of an administrator to a path below the jobs.
fn of(platform: &Platform, account: &Account, method: Method, path: &str) -> RequestBuilder {
    platform.client.request(method, platform.api(&format!("/v1/admin/jobs{path}"))).bearer_auth(&account.token)
}

async fn read(platform: &Platform, account: &Account, path: &str) -> Value {
    body(of(platform, account, Method::GET, path), StatusCode::OK).await
}

/// A job of this kind that the platform itself has done.
async fn done(platform: &Platform, account: &Account, kind: &str) -> Value {
    let path = format!("?kind={kind}&state=done&limit=1");
    eventually("it is done", || async { read(platform, account, &path).await["data"][0].is_object() }).await;
    read(platform, account, &path).await["data"][0].clone()
}

/// Has a job of this kind fail for good, as one does that cannot be read; its id.
async fn dead(platform: &Platform, account: &Account, kind: &str) -> String {
    statements::do_again(&platform.config, kind, "payload = '7', attempts = max_attempts - 1").await;
    let path = format!("?kind={kind}&state=dead");
    eventually("it is given up", || async { read(platform, account, &path).await["data"][0].is_object() }).await;
    read(platform, account, &path).await["data"][0]["id"].as_str().expect("an id").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_was_given_up_can_be_read_tried_again_and_discarded() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let id = dead(&platform, &account, "forget_sessions").await;
    let path = format!("/{id}");
    let job = read(&platform, &account, &path).await;
    assert_eq!((&job["state"], &job["kind"], &job["payload"]), (&json!("dead"), &json!("forget_sessions"), &json!(7)));
    assert_eq!((&job["attempts"], &job["priority"]), (&job["max_attempts"], &json!("normal")));
    assert!(job["last_error"].as_str().expect("an error").starts_with("the payload cannot be read"), "{job}");

    statements::execute(&platform.config, "UPDATE jobs SET payload = '{}' WHERE state = 'dead'").await;
    let retry = |id: &str| of(&platform, &account, Method::POST, &format!("/{id}/retry"));
    let retried = body(retry(&id), StatusCode::OK).await;
    assert_eq!((&retried["state"], &retried["attempts"]), (&json!("ready"), &json!(0)));
    eventually("it is done now", || async { read(&platform, &account, &path).await["state"] == "done" }).await;
    assert_eq!(body(retry(&id), StatusCode::CONFLICT).await["code"], "job_not_dead");

    let discard = |id: &str| of(&platform, &account, Method::POST, &format!("/{id}/discard"));
    body(discard(&id).header("idempotency-key", "once"), StatusCode::NO_CONTENT).await;
    body(discard(&id).header("idempotency-key", "once"), StatusCode::NO_CONTENT).await;
    body(discard(&id), StatusCode::NOT_FOUND).await;
    body(retry(&id), StatusCode::NOT_FOUND).await;
    let store = Store::connect(&platform.config.database, &platform.config.data_folder).await.expect("a store");
    let trail = audit::range(store.reader(), Chain::Instance, 0, i64::MAX, 1000).await.expect("rows");
    let actions = trail.iter().filter(|row| row.target == id).map(|row| row.action.as_str());
    assert_eq!(actions.collect::<Vec<_>>(), ["job.retried", "job.discarded"]);
    let metrics = platform.client.get(platform.internal("/metrics")).send().await.expect("a response");
    let metrics = metrics.text().await.expect("a text");
    assert!(metrics.contains("elido_jobs_total{kind=\"forget_sessions\",result=\"dead\"}"), "{metrics}");
    body(of(&platform, &account, Method::GET, &path), StatusCode::NOT_FOUND).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_runs_is_left_to_its_worker_and_a_unique_one_is_not_doubled() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let id = dead(&platform, &account, "forget_changes").await;
    let held = "UPDATE jobs SET state = 'running', lease_until = 9000000000000000 WHERE state = 'dead'";
    statements::execute(&platform.config, held).await;
    for what in ["retry", "discard"] {
        let request = of(&platform, &account, Method::POST, &format!("/{id}/{what}"));
        let code = body(request, StatusCode::CONFLICT).await["code"].clone();
        assert_eq!(code, if what == "retry" { "job_not_dead" } else { "job_running" });
    }
    let other = dead(&platform, &account, "forget_sessions").await;
    let same_key = "UPDATE jobs SET kind = 'forget_changes' WHERE state = 'dead'";
    statements::execute(&platform.config, same_key).await;
    let request = of(&platform, &account, Method::POST, &format!("/{other}/retry"));
    assert_eq!(body(request, StatusCode::CONFLICT).await["code"], "job_exists");
}

/// The jobs that are done, two at a time.
async fn pages_of_two(platform: &Platform, account: &Account) -> Vec<Value> {
    let mut paged = Vec::new();
    let mut path = "?limit=2&state=done".to_owned();
    loop {
        let page = read(platform, account, &path).await;
        paged.extend(page["data"].as_array().expect("jobs").clone());
        let Some(cursor) = page["next_cursor"].as_str() else { return paged };
        path = format!("?limit=2&state=done&cursor={cursor}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_filtered_and_paged() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    for kind in ["forget_sessions", "forget_jobs", "forget_changes", "forget_idempotency_keys", "file_older_links"] {
        done(&platform, &account, kind).await;
    }
    // While they are read, the next ones may be done.
    eventually("the pages hold the list", || async {
        let all = read(&platform, &account, "?state=done").await["data"].as_array().expect("jobs").clone();
        pages_of_two(&platform, &account).await == all
    })
    .await;
    let cursor = read(&platform, &account, "?limit=2").await["next_cursor"].clone();
    for (query, pointer) in [
        ("state=asleep".to_owned(), "state"),
        ("kind=".to_owned(), "kind"),
        ("limit=0".to_owned(), "limit"),
        ("colour=red".to_owned(), "colour"),
        (format!("state=dead&cursor={}", cursor.as_str().expect("a cursor")), "cursor"),
    ] {
        let request = of(&platform, &account, Method::GET, &format!("?{query}"));
        assert_eq!(body(request, StatusCode::BAD_REQUEST).await["errors"][0]["pointer"], pointer, "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_administrators_of_the_instance_reach_jobs() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let job = done(&platform, &account, "forget_sessions").await["id"].as_str().expect("an id").to_owned();
    let paths = [
        (Method::GET, String::new()),
        (Method::GET, format!("/{job}")),
        (Method::POST, format!("/{job}/retry")),
        (Method::POST, format!("/{job}/discard")),
    ];
    let scopes = ["links:read", "links:write", "analytics:read", "workspace:read", "workspace:write"];
    let key = platform.of(&account, Method::POST, "/api-keys").json(&json!({ "name": "All", "scopes": scopes }));
    let key = body(key, StatusCode::CREATED).await["token"].as_str().expect("a token").to_owned();
    let refused = async |token: &str, status: StatusCode| {
        for (method, path) in &paths {
            let request = platform.client.request(method.clone(), platform.api(&format!("/v1/admin/jobs{path}")));
            let request = if token.is_empty() { request } else { request.bearer_auth(token) };
            body(request, status).await;
        }
    };
    refused(&key, StatusCode::FORBIDDEN).await;
    refused("", StatusCode::UNAUTHORIZED).await;
    statements::execute(&platform.config, "UPDATE users SET is_admin = FALSE").await;
    refused(&account.token, StatusCode::FORBIDDEN).await;

    let mut client = JobsClient::connect(platform.grpc()).await.expect("a connection");
    let unsigned = client.list_jobs(ListJobsRequest::default()).await.expect_err("a refusal");
    assert_eq!(unsigned.code(), Code::Unauthenticated);
    let refused = client.get_job(signed(&account, GetJobRequest { job_id: job })).await.expect_err("a refusal");
    assert_eq!(refused.code(), Code::PermissionDenied);
}

fn signed<T>(account: &Account, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let credential = MetadataValue::try_from(format!("Bearer {}", account.token)).expect("a header");
    request.metadata_mut().insert("authorization", credential);
    request
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_the_same_job_over_grpc() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let id = dead(&platform, &account, "forget_sessions").await;
    let mut client = JobsClient::connect(platform.grpc()).await.expect("a connection");
    let list = ListJobsRequest { state: JobState::Dead.into(), limit: Some(1), ..ListJobsRequest::default() };
    let listed = client.list_jobs(signed(&account, list)).await.expect("jobs").into_inner().jobs;
    let get = GetJobRequest { job_id: id.clone() };
    let job = client.get_job(signed(&account, get)).await.expect("the job").into_inner().job.expect("the job");
    assert_eq!(listed, std::slice::from_ref(&job));
    let over_rest = read(&platform, &account, &format!("/{id}")).await;
    assert_eq!((json!(job.kind), json!(job.attempts)), (over_rest["kind"].clone(), over_rest["attempts"].clone()));
    assert_eq!((job.payload_json.as_str(), json!(job.last_error)), ("7", over_rest["last_error"].clone()));

    let retry = RetryJobRequest { job_id: id.clone() };
    let retried = client.retry_job(signed(&account, retry)).await.expect("the job").into_inner().job.expect("the job");
    assert_eq!((retried.state(), retried.attempts), (JobState::Ready, 0));
    let again = DiscardJobRequest { job_id: "job_1".to_owned() };
    assert_eq!(client.discard_job(signed(&account, again)).await.expect_err("no id").code(), Code::InvalidArgument);
    let wrong = ListJobsRequest { state: 9, ..ListJobsRequest::default() };
    assert_eq!(client.list_jobs(signed(&account, wrong)).await.expect_err("no state").code(), Code::InvalidArgument);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_expired_is_forgotten_by_jobs() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let other = platform.sign_in().await;
    done(&platform, &account, "forget_sessions").await;
    let sessions = async || {
        let sessions = platform.client.get(platform.api("/v1/auth/sessions")).bearer_auth(&other.token);
        body(sessions, StatusCode::OK).await["data"].as_array().map_or(0, Vec::len)
    };
    assert_eq!(sessions().await, 2);
    // The first of the two is over, and the tick comes again.
    let expire = "UPDATE sessions SET expires_at = 0 WHERE created_at = (SELECT min(created_at) FROM sessions)";
    statements::execute(&platform.config, expire).await;
    statements::do_again(&platform.config, "forget_sessions", "attempts = 0").await;
    let left = "UPDATE sessions SET expires_at = 0 WHERE expires_at = 0";
    eventually("a job has done that", || async { statements::execute(&platform.config, left).await == 0 }).await;
    assert_eq!(sessions().await, 1);
}
