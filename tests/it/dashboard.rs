//! The dashboard's own server: its files, sessions of browsers, the first administrator, and what a page needs in one answer.

use reqwest::header::{HeaderMap, HeaderName};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::people::{administrator, text};
use crate::support::platform::{EMAIL, PASSWORD, Platform, body};

const HTML: &str = "text/html,application/xhtml+xml";

fn header(headers: &HeaderMap, name: HeaderName) -> &str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// What a browser sends back of the cookie that it was given.
fn cookie_of(response: &reqwest::Response) -> String {
    header(response.headers(), http::header::SET_COOKIE).split(';').next().unwrap_or_default().to_owned()
}

async fn credentials(platform: &Platform, password: &str, site: &str) -> reqwest::Response {
    let request = platform.client.post(platform.api("/bff/session")).header("sec-fetch-site", site);
    request.json(&json!({ "email": EMAIL, "password": password })).send().await.expect("a response")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_address_that_nothing_else_has_is_the_dashboard() {
    let platform = Platform::start().await;
    let get = |path: &str, accept: &str| platform.client.get(platform.api(path)).header("accept", accept).send();
    for path in ["/", "/w/marketing/links", "/sign-in"] {
        let response = get(path, HTML).await.expect("a response");
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        if !elido::services::api_bff::has_dashboard() {
            assert!(response.text().await.expect("a body").contains("dev/web"), "it says how to build the dashboard");
            continue;
        }
        let policy = header(response.headers(), http::header::CONTENT_SECURITY_POLICY);
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'"), "{policy}");
        assert_eq!(header(response.headers(), http::header::CACHE_CONTROL), "no-cache");
        assert_eq!(header(response.headers(), http::header::VARY), "accept, accept-encoding");
        assert_eq!(header(response.headers(), http::HeaderName::from_static("x-robots-tag")), "noindex");
        let page = response.text().await.expect("a body");
        assert!(!page.contains("<style") && !page.contains("<script>"), "nothing stands in the page itself");
    }
    for path in ["/v1/nowhere", "/bff/nowhere", "/docs/nowhere", "/assets/nowhere.js"] {
        assert_eq!(get(path, HTML).await.expect("a response").status(), StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(
        get("/w/marketing/links", "application/json").await.expect("a response").status(),
        StatusCode::NOT_FOUND
    );
    // Whoever asks by curl at the address that the process prints learns what is there.
    for (url, sign) in [(platform.api("/"), "/docs"), (platform.internal("/"), "/readyz")] {
        let answer = platform.client.get(url).header("accept", "*/*").send().await.expect("a response");
        assert_eq!(answer.status(), StatusCode::OK);
        assert!(answer.text().await.expect("a body").contains(sign));
    }
    let posted = platform.client.post(platform.api("/w/marketing/links")).send().await.expect("a response");
    assert_eq!(posted.status(), StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_sent_compressed_and_only_once() {
    if !elido::services::api_bff::has_dashboard() {
        eprintln!("SKIPPED: this executable was built without the dashboard");
        return;
    }
    let platform = Platform::start().await;
    let index = platform.client.get(platform.api("/")).header("accept", HTML).send().await.expect("a response");
    let page = index.text().await.expect("a body");
    let start = page.find("/assets/").expect("a script");
    let path = page[start..].split('"').next().expect("its address");
    let get = |coding: &str| platform.client.get(platform.api(path)).header("accept-encoding", coding);
    let mut tags = Vec::new();
    for (accepted, coding) in [("gzip, deflate, br", "br"), ("gzip", "gzip"), ("identity", "")] {
        let response = get(accepted).send().await.expect("a response");
        let headers = response.headers().clone();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(header(&headers, http::header::CONTENT_ENCODING), coding);
        assert_eq!(header(&headers, http::header::CACHE_CONTROL), "public, max-age=31536000, immutable");
        let tag = header(&headers, http::header::ETAG).to_owned();
        let again = get(accepted).header("if-none-match", &tag).send().await.expect("a response");
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        assert_eq!(header(again.headers(), http::header::VARY), "accept-encoding");
        tags.push(tag);
    }
    tags.dedup();
    assert_eq!(tags.len(), 3, "every form has a tag of its own: {tags:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_signs_in_and_out() {
    let platform = Platform::start().await;
    administrator(&platform).await;
    let boot = body(platform.client.get(platform.api("/bff/boot")), StatusCode::OK).await;
    assert_eq!((&boot["user"], &boot["is_set_up"]), (&Value::Null, &json!(true)));
    assert_eq!(credentials(&platform, "wrong password", "same-origin").await.status(), StatusCode::UNAUTHORIZED);
    for site in ["cross-site", "same-site"] {
        assert_eq!(credentials(&platform, PASSWORD, site).await.status(), StatusCode::FORBIDDEN, "{site}");
    }

    let response = credentials(&platform, PASSWORD, "same-origin").await;
    assert_eq!(response.status(), StatusCode::OK);
    let cookie = cookie_of(&response);
    assert!(cookie.starts_with("elido_session=session_"), "{cookie}");
    assert!(header(response.headers(), http::header::SET_COOKIE).contains("HttpOnly"));
    assert!(response.json::<Value>().await.expect("a body").get("token").is_none());

    let request = |method, path: &str| platform.client.request(method, platform.api(path)).header("cookie", &cookie);
    let boot = body(request(Method::GET, "/bff/boot"), StatusCode::OK).await;
    assert_eq!(text(&boot["user"]["email"]), EMAIL);
    // Whoever is signed in already may sign in once more, without the token of the old session.
    let again = request(Method::POST, "/bff/session").json(&json!({ "email": EMAIL, "password": PASSWORD }));
    assert_eq!(again.send().await.expect("a response").status(), StatusCode::OK);

    let forged = request(Method::DELETE, "/bff/session").send().await.expect("a response");
    assert_eq!(forged.status(), StatusCode::FORBIDDEN);
    let ended = request(Method::DELETE, "/bff/session").header("x-csrf-token", text(&boot["csrf_token"]));
    assert_eq!(ended.send().await.expect("a response").status(), StatusCode::NO_CONTENT);
    let boot = body(request(Method::GET, "/bff/boot"), StatusCode::OK).await;
    assert_eq!(boot["user"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_setup_link_makes_the_first_administrator_once() {
    let platform = Platform::start().await;
    let secret = std::fs::read_to_string(platform.config.data_folder.join("bootstrap-secret")).expect("a secret");
    let secret = secret.trim();
    let make = |secret: &str| {
        platform.client.post(platform.internal("/internal/admin/setup-token")).bearer_auth(secret).send()
    };
    assert_eq!(make("wrong").await.expect("a response").status(), StatusCode::UNAUTHORIZED);
    let made: Value = make(secret).await.expect("a response").json().await.expect("a body");
    let token = text(&made["token"]);

    let draft = |token: &str, password: &str, slug: &str| {
        let workspace = json!({ "name": "Marketing", "slug": slug });
        let draft = json!({ "token": token, "email": EMAIL, "password": password, "workspace": workspace });
        platform.client.post(platform.api("/bff/setup")).json(&draft)
    };
    let guess =
        body(draft("setup_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", PASSWORD, "main"), StatusCode::FORBIDDEN).await;
    assert_eq!(guess["code"], "setup_token_invalid");
    let wrong = body(draft(&token, "short", "No Slug"), StatusCode::BAD_REQUEST).await;
    let pointers: Vec<&Value> =
        wrong["errors"].as_array().expect("fields").iter().map(|field| &field["pointer"]).collect();
    assert_eq!(pointers, ["/workspace/slug", "/password"]);
    let foreign = draft(&token, PASSWORD, "main").header("sec-fetch-site", "cross-site");
    assert_eq!(foreign.send().await.expect("a response").status(), StatusCode::FORBIDDEN);

    let response = draft(&token, PASSWORD, "main").send().await.expect("a response");
    assert_eq!(response.status(), StatusCode::CREATED);
    let cookie = cookie_of(&response);
    let boot = body(platform.client.get(platform.api("/bff/boot")).header("cookie", cookie), StatusCode::OK).await;
    assert_eq!(text(&boot["user"]["email"]), EMAIL);
    assert_eq!(boot["workspaces"][0]["slug"], "main");
    let second = body(draft(&token, PASSWORD, "main"), StatusCode::CONFLICT).await;
    assert_eq!(second["code"], "already_bootstrapped");
    assert_eq!(make(secret).await.expect("a response").status(), StatusCode::CONFLICT);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_gets_what_it_needs_in_one_answer_and_a_part_that_fails_costs_no_other() {
    let platform = Platform::start().await;
    let token = administrator(&platform).await;
    let workspace = json!({ "name": "Test", "slug": format!("w{}", uuid::Uuid::new_v4().simple()) });
    let post = |path: String, json: &Value| platform.client.post(platform.api(&path)).bearer_auth(&token).json(json);
    let workspace = body(post("/v1/workspaces".to_owned(), &workspace), StatusCode::CREATED).await;
    let id = text(&workspace["id"]);
    let link = json!({ "destination_url": "https://example.com/" });
    let link = body(post(format!("/v1/workspaces/{id}/links"), &link), StatusCode::CREATED).await;

    let get = |path: String| platform.client.get(platform.api(&path)).bearer_auth(&token);
    let home = body(get(format!("/bff/workspaces/{id}/home")), StatusCode::OK).await;
    assert_eq!(home["parts"]["links"]["body"]["data"][0]["id"], link["id"]);
    assert_eq!(home["parts"]["membership"]["body"]["role"], "owner");
    let clicks =
        body(get(format!("/bff/workspaces/{id}/analytics?parts=country,os&time_zone=Europe/Kyiv")), StatusCode::OK)
            .await;
    let parts = clicks["parts"].as_object().expect("parts");
    assert!(parts.values().all(|part| part["status"] == 200), "{clicks}");
    assert_eq!(parts.keys().collect::<Vec<_>>(), ["country", "os", "summary", "timeseries"]);
    let found = body(get(format!("/bff/workspaces/{id}/search?q={}", text(&link["slug"]))), StatusCode::OK).await;
    assert_eq!(found["parts"]["links"]["body"]["data"][0]["id"], link["id"]);

    let unknown = body(get(format!("/bff/workspaces/{id}/links/lnk_{:032x}/overview", 7)), StatusCode::OK).await;
    assert_eq!(unknown["parts"]["link"]["problem"]["status"], 404);
    assert_eq!(unknown["parts"]["summary"]["status"], 200);
    let wrong = body(get(format!("/bff/workspaces/{id}/analytics?parts=secrets")), StatusCode::BAD_REQUEST).await;
    assert_eq!(wrong["errors"][0]["pointer"], "parts");
    let stranger = body(platform.client.get(platform.api(&format!("/bff/workspaces/{id}/home"))), StatusCode::OK).await;
    assert!(stranger["parts"].as_object().expect("parts").values().all(|part| part["status"] == 401), "{stranger}");
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_in_browsers_are_taken_and_too_many_of_them_are_dropped() {
    let platform = Platform::start().await;
    let report = |json: Value| platform.client.post(platform.api("/bff/client-errors")).json(&json).send();
    for _ in 0..15 {
        let response = report(json!({ "message": "x is undefined", "stack": "at y", "route": "/w/…/links" })).await;
        assert_eq!(response.expect("a response").status(), StatusCode::NO_CONTENT);
    }
    let wrong = report(json!({ "message": "x", "email": "ada@example.com" })).await.expect("a response");
    assert_eq!(wrong.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test(flavor = "multi_thread")]
async fn administrators_see_how_the_process_is_and_nobody_else_does() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let ask = || platform.client.get(platform.api("/bff/status"));
    assert_eq!(body(ask(), StatusCode::FORBIDDEN).await["code"], "instance_admin_only");
    let status = body(ask().bearer_auth(&account.token), StatusCode::OK).await;
    assert_eq!(text(&status["readiness"]["status"]), "ready");
    assert!(text(&status["roles"]).contains("api"), "{status}");
    assert!(status["readiness"]["checks"].as_object().is_some_and(|checks| !checks.is_empty()), "{status}");
}
