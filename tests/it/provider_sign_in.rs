//! Signing in through an identity provider: who comes in, as whom, and in which role.

use elido::config::Config;
use elido::config::sections::OidcConfig;
use elido::domain::role::Role;
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::support::identity_provider::{Begun, IdentityProvider, NAME, begin, describe_in, kept};
use crate::support::mailbox;
use crate::support::members::invite;
use crate::support::people::{administrator, newcomer, of, post, problem, sign_in, text};
use crate::support::platform::{Account, EMAIL, PASSWORD, Platform, body};

async fn start(provider: &IdentityProvider, change: impl FnOnce(&mut Config)) -> Platform {
    Platform::start_with(|config| {
        describe_in(config, provider.config());
        config.identity.open_registration = true;
        change(config);
    })
    .await
}

/// The cookie of the session that a sign-in began.
pub fn session(response: &Response) -> String {
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    kept(response, "elido_session").expect("a session")
}

async fn refusal(response: Response, status: StatusCode) -> String {
    assert_eq!(response.status(), status);
    assert!(kept(&response, "elido_session").is_none());
    text(&response.json::<Value>().await.expect("a problem")["code"])
}

/// What whoever has this cookie reads.
async fn read(platform: &Platform, cookie: &str, path: &str) -> Value {
    body(platform.client.get(platform.api(path)).header("cookie", cookie), StatusCode::OK).await
}

async fn rows(platform: &Platform, administrator: &str, action: &str) -> Vec<Value> {
    let path = format!("/v1/admin/audit-events?limit=100&action={action}");
    let page = body(of(platform, administrator, Method::GET, &path), StatusCode::OK).await;
    page["data"].as_array().expect("rows").clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_new_gets_an_account_and_is_known_by_the_subject_from_then_on() {
    let provider = IdentityProvider::start().await;
    let platform = start(&provider, |_| {}).await;
    let administrator = administrator(&platform).await;
    let listed = body(platform.client.get(platform.api("/v1/auth/providers")), StatusCode::OK).await;
    let path = format!("/v1/auth/providers/{NAME}/sign-in");
    assert_eq!(listed, json!({ "data": [{ "name": NAME, "sign_in_path": path }], "open_registration": true }));

    let response = provider.sign_in(&platform, "1", "Ada@example.com").await;
    let cookie = session(&response);
    assert_eq!(response.headers()["location"], "http://localhost:8090/");
    assert!(response.headers().get_all("set-cookie").iter().any(|value| {
        let value = value.to_str().expect("text");
        value.starts_with("elido_sign_in=;") && value.contains("Max-Age=0")
    }));
    let me = read(&platform, &cookie, "/v1/me").await;
    assert_eq!((&me["user"]["email"], &me["user"]["email_verified"]), (&json!("Ada@example.com"), &json!(true)));
    assert_eq!(me["user"]["name"], "Ada Lovelace");
    let sessions = read(&platform, &cookie, "/v1/auth/sessions").await;
    assert_eq!(sessions["data"][0]["provider"], NAME);

    // By another address: the subject decides.
    let again = session(&provider.sign_in(&platform, "1", "ada.lovelace@example.com").await);
    assert_eq!(read(&platform, &again, "/v1/me").await["user"]["id"], me["user"]["id"]);
    let identities = read(&platform, &again, "/v1/me/identities").await;
    let identity = &identities["data"][0];
    assert_eq!((&identity["subject"], &identity["email"]), (&json!("1"), &json!("ada.lovelace@example.com")));
    // The address passes to somebody else, whom the provider calls otherwise: the account does not.
    let other = session(&provider.sign_in(&platform, "2", "grace@example.com").await);
    assert_ne!(read(&platform, &other, "/v1/me").await["user"]["id"], me["user"]["id"]);

    assert_eq!(rows(&platform, &administrator, "identity.linked").await.len(), 2);
    let started = rows(&platform, &administrator, "session.started").await;
    assert_eq!(started.iter().filter(|row| row["after"]["provider"] == NAME).count(), 3);
    assert_eq!(rows(&platform, &administrator, "account.registered").await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_leads_to_its_account_where_the_provider_and_the_owner_have_both_shown_whose_it_is() {
    let provider = IdentityProvider::start().await;
    let platform = start(&provider, |config| {
        describe_in(config, elido::config::sections::OidcConfig { create_accounts: false, ..provider.config() });
    })
    .await;
    // Nobody has shown that this address is the administrator's.
    administrator(&platform).await;
    let refused = provider.sign_in(&platform, "1", EMAIL).await;
    assert_eq!(refusal(refused, StatusCode::CONFLICT).await, "account_exists");

    let ada = newcomer(&platform, "ada@example.com").await;
    let me = body(of(&platform, &ada, Method::GET, "/v1/me"), StatusCode::OK).await;
    let cookie = session(&provider.sign_in(&platform, "2", "ADA@example.com").await);
    assert_eq!(read(&platform, &cookie, "/v1/me").await["user"]["id"], me["user"]["id"]);
    body(sign_in(&platform, "ada@example.com", PASSWORD), StatusCode::OK).await;

    let unknown = provider.sign_in(&platform, "3", "grace@example.com").await;
    assert_eq!(refusal(unknown, StatusCode::FORBIDDEN).await, "account_needed");
    let elsewhere = provider.sign_in(&platform, "4", "grace@example.org").await;
    assert_eq!(refusal(elsewhere, StatusCode::FORBIDDEN).await, "domain_not_allowed");
    // Whoever has left the domain is out, though the subject is known.
    let left = provider.sign_in(&platform, "2", "ada@example.org").await;
    assert_eq!(refusal(left, StatusCode::FORBIDDEN).await, "domain_not_allowed");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_named_domains_no_address_leads_to_an_account_that_is_there() {
    let provider = IdentityProvider::start().await;
    let platform = start(&provider, |config| {
        describe_in(
            config,
            elido::config::sections::OidcConfig { allowed_domains: String::new(), ..provider.config() },
        );
    })
    .await;
    newcomer(&platform, "ada@example.com").await;
    let refused = provider.sign_in(&platform, "1", "ada@example.com").await;
    assert_eq!(refusal(refused, StatusCode::CONFLICT).await, "account_exists");
    session(&provider.sign_in(&platform, "2", "grace@example.org").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_follow_the_claim_and_touch_no_membership_that_people_gave() {
    let provider = IdentityProvider::start().await;
    let mut platform = Platform::start().await;
    let owner = platform.account().await;
    let workspace = owner.workspace.clone();
    platform.stop().await;
    describe_in(
        &mut platform.config,
        elido::config::sections::OidcConfig {
            role_claim: "groups".to_owned(),
            roles: format!("readers: {workspace} viewer, writers: {workspace} editor"),
            ..provider.config()
        },
    );
    platform.start_again().await;
    let roles = async |subject: &str, email: &str, groups: Value| {
        let response = provider.sign_in_with(&platform, subject, email, |claims| claims["groups"] = groups).await;
        session(&response);
        let members = platform.read(&owner, "/members").await;
        let members = members["data"].as_array().expect("members").clone();
        let of = members.into_iter().find(|member| member["email"] == email);
        of.map(|member| text(&member["role"]))
    };
    assert_eq!(roles("1", "ada@example.com", json!(["readers", "writers"])).await.as_deref(), Some("editor"));
    assert_eq!(roles("1", "ada@example.com", json!("readers")).await.as_deref(), Some("viewer"));
    assert_eq!(roles("1", "ada@example.com", json!(["others"])).await, None);
    assert_eq!(roles("1", "ada@example.com", json!(["readers"])).await.as_deref(), Some("viewer"));
    // Somebody whom a member invited stays what they are.
    crate::support::members::member(&platform, &owner, "grace@example.com", elido::domain::role::Role::Admin).await;
    assert_eq!(roles("2", "grace@example.com", json!(["readers"])).await.as_deref(), Some("admin"));
    assert_eq!(roles("2", "grace@example.com", json!([])).await.as_deref(), Some("admin"));

    let trail = platform.read(&owner, "/audit-events?limit=100").await;
    let count = |action: &str| {
        let rows = trail["data"].as_array().expect("rows").iter();
        rows.filter(|row| row["action"] == action && row["actor"] == "instance").count()
    };
    assert_eq!((count("member.joined"), count("member.role_changed"), count("member.removed")), (2, 1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_identity_is_unlinked_but_not_the_last_way_in() {
    let provider = IdentityProvider::start().await;
    let platform = start(&provider, |_| {}).await;
    let cookie = session(&provider.sign_in(&platform, "1", "ada@example.com").await);
    let identities = read(&platform, &cookie, "/v1/me/identities").await;
    let path = format!("/v1/me/identities/{}", text(&identities["data"][0]["id"]));
    let csrf = read(&platform, &cookie, "/v1/auth/csrf-token").await;
    let unlink = || {
        let request = platform.client.delete(platform.api(&path)).header("cookie", &cookie);
        request.header("x-csrf-token", text(&csrf["csrf_token"])).header("sec-fetch-site", "same-origin")
    };
    assert_eq!(problem(unlink(), StatusCode::CONFLICT).await, "last_way_in");

    let grace = newcomer(&platform, "grace@example.com").await;
    let by_provider = session(&provider.sign_in(&platform, "2", "grace@example.com").await);
    let theirs = read(&platform, &by_provider, "/v1/me/identities").await;
    let theirs = format!("/v1/me/identities/{}", text(&theirs["data"][0]["id"]));
    let stranger = newcomer(&platform, "eve@example.com").await;
    problem(of(&platform, &stranger, Method::DELETE, &theirs), StatusCode::NOT_FOUND).await;
    body(of(&platform, &grace, Method::DELETE, &theirs), StatusCode::NO_CONTENT).await;
    let me = platform.client.get(platform.api("/v1/me")).header("cookie", &by_provider);
    assert_eq!(me.send().await.expect("a response").status(), StatusCode::UNAUTHORIZED, "it came through the provider");
    body(of(&platform, &grace, Method::GET, "/v1/me"), StatusCode::OK).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exclusive_provider_ends_passwords_for_its_domain_alone() {
    let provider = IdentityProvider::start().await;
    let mut platform = Platform::start_with(|config| config.identity.open_registration = true).await;
    administrator(&platform).await;
    newcomer(&platform, "ada@example.com").await;
    newcomer(&platform, "grace@example.org").await;
    platform.stop().await;
    describe_in(&mut platform.config, OidcConfig { exclusive: true, ..provider.config() });
    platform.start_again().await;
    assert_eq!(
        problem(sign_in(&platform, "ada@example.com", PASSWORD), StatusCode::FORBIDDEN).await,
        "provider_required"
    );
    let wrong = sign_in(&platform, "ada@example.com", "this is nobody's password");
    assert_eq!(problem(wrong, StatusCode::UNAUTHORIZED).await, "wrong_credentials", "no account shows");
    let registration = post(&platform, "/v1/auth/registration", &json!({ "email": "new@example.com" }));
    assert_eq!(problem(registration, StatusCode::FORBIDDEN).await, "provider_required");
    let owner = platform.sign_in().await;
    let token = invite(&platform, &owner, "invited@example.com", Role::Viewer).await;
    let accept = json!({ "token": token, "name": "Invited", "password": PASSWORD });
    let accept = post(&platform, "/v1/invitations/accept", &accept);
    assert_eq!(problem(accept, StatusCode::FORBIDDEN).await, "provider_required");
    body(sign_in(&platform, "grace@example.org", PASSWORD), StatusCode::OK).await;
    body(sign_in(&platform, EMAIL, PASSWORD), StatusCode::OK).await;
    session(&provider.sign_in(&platform, "1", "ada@example.com").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_leaves_an_exclusive_provider_by_themselves() {
    let (provider, other) = (IdentityProvider::start().await, IdentityProvider::start().await);
    let mut platform = Platform::start_with(|config| {
        config.identity.open_registration = true;
        config
            .identity
            .oidc
            .insert("other".to_owned(), OidcConfig { allowed_domains: String::new(), ..other.config() });
    })
    .await;
    let admin = administrator(&platform).await;
    let ada = newcomer(&platform, "ada@example.com").await;
    let change = |token: &str, email: &str| {
        of(&platform, token, Method::POST, "/v1/me/email").json(&json!({ "email": email, "password": PASSWORD }))
    };
    let by_other = async |platform: &Platform, begun: Begun, subject: &str, email: &str| {
        let code = other.code(&begun, &other.claims(&begun, subject, email));
        begun.come_back_with(platform, "other", &[("code", &code), ("state", &begun.query("state"))]).await
    };
    // While nothing is exclusive, both are prepared.
    body(change(&ada, "early@example.org"), StatusCode::ACCEPTED).await;
    let early = mailbox::code(&platform, "early@example.org", 1, "change_").await;
    let draft = json!({ "provider": "other", "password": PASSWORD });
    let linked = by_other(&platform, begin_link(&platform, &ada, &draft).await, "9", "ada@example.org").await;
    assert_eq!(linked.status(), StatusCode::SEE_OTHER);

    platform.stop().await;
    describe_in(&mut platform.config, OidcConfig { exclusive: true, ..provider.config() });
    platform.start_again().await;
    let change = |token: &str, email: &str| {
        of(&platform, token, Method::POST, "/v1/me/email").json(&json!({ "email": email, "password": PASSWORD }))
    };
    assert_eq!(problem(change(&ada, "private@example.org"), StatusCode::FORBIDDEN).await, "provider_required");
    let confirm = post(&platform, "/v1/auth/email/confirm", &json!({ "code": early }));
    assert_eq!(problem(confirm, StatusCode::FORBIDDEN).await, "provider_required");
    for (subject, email) in [("9", "ada@example.org"), ("10", "new@example.com")] {
        let response = by_other(&platform, begin(&platform, "other").await, subject, email).await;
        assert_eq!(refusal(response, StatusCode::FORBIDDEN).await, "provider_required", "{email}");
    }
    let response = by_other(&platform, begin_link(&platform, &ada, &draft).await, "11", "ada@example.net").await;
    assert_eq!(refusal(response, StatusCode::FORBIDDEN).await, "provider_required");
    // Within the domain, and whoever runs the instance.
    body(change(&ada, "countess@example.com"), StatusCode::ACCEPTED).await;
    body(change(&admin, "root@example.org"), StatusCode::ACCEPTED).await;
    session(&provider.sign_in(&platform, "1", "ada@example.com").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_factor_is_asked_for_behind_a_provider_too() {
    use crate::support::authenticator::{code, early_in_a_step};
    let provider = IdentityProvider::start().await;
    let platform = start(&provider, |_| {}).await;
    let ada = newcomer(&platform, "ada@example.com").await;
    let enrol = of(&platform, &ada, Method::POST, "/v1/me/second-factor").json(&json!({ "password": PASSWORD }));
    let secret = text(&body(enrol, StatusCode::CREATED).await["secret"]);
    early_in_a_step().await;
    let confirm = of(&platform, &ada, Method::POST, "/v1/me/second-factor/confirm");
    body(confirm.json(&json!({ "code": code(&secret, -1) })), StatusCode::OK).await;

    let response = provider.sign_in(&platform, "1", "ada@example.com").await;
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    assert!(kept(&response, "elido_session").is_none());
    let location = response.headers()["location"].to_str().expect("text");
    let challenge = location.strip_prefix("http://localhost:8090/#challenge=").expect("a challenge");
    let answer = json!({ "challenge": challenge, "code": code(&secret, 0) });
    let session = body(post(&platform, "/v1/auth/sign-in/second-factor", &answer), StatusCode::OK).await;
    let sessions = of(&platform, &text(&session["token"]), Method::GET, "/v1/auth/sessions");
    assert_eq!(body(sessions, StatusCode::OK).await["data"][0]["provider"], NAME);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_is_away_stops_nothing_but_itself() {
    let provider = IdentityProvider::start().await;
    let platform = start(&provider, |config| {
        let mut gone = provider.config();
        gone.issuer = "http://127.0.0.1:9".to_owned();
        config.identity.oidc.insert("gone".to_owned(), gone);
    })
    .await;
    let account = platform.account().await;
    let sign_in = platform.client.get(platform.api("/v1/auth/providers/gone/sign-in"));
    let answer = body(sign_in, StatusCode::SERVICE_UNAVAILABLE).await;
    assert_eq!(answer["code"], "provider_unavailable");
    assert!(text(&answer["detail"]).contains("gone"), "{answer}");
    let callback = platform.client.get(platform.api("/v1/auth/providers/nobody/callback"));
    assert_eq!(problem(callback, StatusCode::NOT_FOUND).await, "not_found");
    session(&provider.sign_in(&platform, "1", "ada@example.com").await);
    let links: &Account = &account;
    platform.read(links, "/links").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn new_keys_of_a_provider_are_learnt_and_not_asked_for_by_every_stranger() {
    let provider = IdentityProvider::start().await;
    let platform = start(&provider, |_| {}).await;
    session(&provider.sign_in(&platform, "1", "ada@example.com").await);
    assert_eq!(provider.fetches(), 1);
    provider.change_key("second");
    for _ in 0..5 {
        let begun = begin(&platform, NAME).await;
        let code = provider.code(&begun, &provider.claims(&begun, "1", "ada@example.com"));
        let response = begun.come_back(&platform, &code).await;
        assert_eq!(refusal(response, StatusCode::FORBIDDEN).await, "provider_token_unsound");
    }
    assert_eq!(provider.fetches(), 1, "not again so soon");
}

/// Begins to link an identity to the account of whoever has this token.
async fn begin_link(platform: &Platform, token: &str, draft: &Value) -> Begun {
    let response = of(platform, token, Method::POST, "/v1/me/identities").json(draft).send().await.expect("a response");
    assert_eq!(response.status(), StatusCode::OK);
    let cookie = kept(&response, "elido_sign_in").expect("a cookie");
    let view: Value = response.json().await.expect("a view");
    Begun { authorization: text(&view["url"]).parse().expect("a URL"), cookie }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_signed_in_links_an_identity_whatever_its_address() {
    let provider = IdentityProvider::start().await;
    let platform = start(&provider, |_| {}).await;
    let administrator = administrator(&platform).await;
    let ada = newcomer(&platform, "ada@example.com").await;
    let path = "/v1/me/identities";
    let wrong = json!({ "provider": NAME, "password": "not the password" });
    assert_eq!(
        problem(of(&platform, &ada, Method::POST, path).json(&wrong), StatusCode::FORBIDDEN).await,
        "wrong_password"
    );
    let elsewhere = json!({ "provider": NAME, "password": PASSWORD, "return_to": "//evil.example" });
    body(of(&platform, &ada, Method::POST, path).json(&elsewhere), StatusCode::BAD_REQUEST).await;

    let draft = json!({ "provider": NAME, "password": PASSWORD, "return_to": "/me?linked" });
    let finish = async |begun: &Begun, subject: &str, email: &str| {
        let code = provider.code(begun, &provider.claims(begun, subject, email));
        begun.come_back(&platform, &code).await
    };
    let begun = begin_link(&platform, &ada, &draft).await;
    let response = finish(&begun, "7", "countess@example.com").await;
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    assert_eq!(response.headers()["location"], "http://localhost:8090/me?linked");
    assert!(kept(&response, "elido_session").is_none(), "nobody is signed in anew");
    let cookie = session(&provider.sign_in(&platform, "7", "countess@example.com").await);
    assert_eq!(read(&platform, &cookie, "/v1/me").await["user"]["email"], "ada@example.com");
    assert_eq!(rows(&platform, &administrator, "identity.linked").await.len(), 1);
    // The same once more changes nothing.
    let again = begin_link(&platform, &ada, &draft).await;
    assert_eq!(finish(&again, "7", "countess@example.com").await.status(), StatusCode::SEE_OTHER);
    assert_eq!(rows(&platform, &administrator, "identity.linked").await.len(), 1);

    // What is somebody else's stays theirs, and so does a browser whose session has ended meanwhile.
    let taken = begin_link(&platform, &administrator, &draft).await;
    assert_eq!(
        refusal(finish(&taken, "7", "countess@example.com").await, StatusCode::CONFLICT).await,
        "identity_taken"
    );
    let over = begin_link(&platform, &ada, &draft).await;
    body(of(&platform, &ada, Method::POST, "/v1/auth/sign-out"), StatusCode::NO_CONTENT).await;
    assert_eq!(refusal(finish(&over, "8", "countess@example.com").await, StatusCode::FORBIDDEN).await, "session_over");
    assert_eq!(rows(&platform, &administrator, "identity.linked").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_begins_to_link_an_identity_twice_under_one_key_gets_the_cookie_twice() {
    let provider = IdentityProvider::start().await;
    let platform = start(&provider, |_| {}).await;
    administrator(&platform).await;
    let ada = newcomer(&platform, "ada@example.com").await;
    let draft = json!({ "provider": NAME, "password": PASSWORD });
    let ask = async |token: &str| {
        let request = of(&platform, token, Method::POST, "/v1/me/identities").header("idempotency-key", "a");
        request.json(&draft).send().await.expect("a response")
    };
    // The first response is lost on its way.
    let lost = ask(&ada).await;
    assert_eq!((lost.status(), lost.headers().get("idempotency-replayed")), (StatusCode::OK, None));
    let again = ask(&ada).await;
    assert_eq!(again.headers()["idempotency-replayed"], "true");
    let cookie = kept(&again, "elido_sign_in").expect("a cookie");
    assert_eq!(Some(&cookie), kept(&lost, "elido_sign_in").as_ref());
    let view: Value = again.json().await.expect("a view");
    let begun = Begun { authorization: text(&view["url"]).parse().expect("a URL"), cookie };
    let code = provider.code(&begun, &provider.claims(&begun, "1", "countess@example.com"));
    assert_eq!(begun.come_back(&platform, &code).await.status(), StatusCode::SEE_OTHER);
    let linked = body(of(&platform, &ada, Method::GET, "/v1/me/identities"), StatusCode::OK).await;
    assert_eq!(linked["data"].as_array().map(Vec::len), Some(1), "{linked}");

    // What is kept is sealed, and is of one session alone.
    let eve = newcomer(&platform, "eve@example.com").await;
    let hers = ask(&eve).await;
    assert_eq!(hers.headers().get("idempotency-replayed"), None);
    assert_ne!(kept(&hers, "elido_sign_in"), Some(begun.cookie));
}
