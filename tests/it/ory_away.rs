//! The real Ory Hydra and Ory Kratos, both stopped at once: whatever needs neither goes on, the rest says what is missing, and all of it comes
//! back with them.

use std::path::Path;
use std::process::Command;

use elido::config::sections::OidcConfig;
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

use crate::ory::{
    Server, at_hydra, client, me, parameter, person, read_links, server, session, settings, sign_in, unique, web_client,
};
use crate::support::identity_provider::{Begun, NAME, begin, kept};
use crate::support::members::key;
use crate::support::people::text;
use crate::support::platform::{Account, Platform, body, eventually};

/// A server of Ory that this test has for itself. It is gone with this.
struct OwnServer {
    name: &'static str,
    instance: String,
}

impl OwnServer {
    fn new(name: &'static str) -> Self {
        Self { name, instance: uuid::Uuid::new_v4().simple().to_string() }
    }

    fn run(&self, what: &str) -> String {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("dev/services").join(self.name);
        let output = Command::new(script).arg(what).env("ELIDO_SERVICE", &self.instance).output().expect("a shell");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{} {what}: {said}{}", self.name, String::from_utf8_lossy(&output.stderr));
        said
    }

    fn start(&self) -> Server {
        let urls = self.run("start");
        let (public, admin) = urls.trim().split_once(' ').expect("two addresses");
        Server { public: public.to_owned(), admin: admin.to_owned() }
    }
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("dev/services").join(self.name);
        drop(Command::new(script).arg("stop").env("ELIDO_SERVICE", &self.instance).output());
    }
}

/// The client of Hydra that programs are. Hydra keeps its data in memory, so that it has to be told anew.
async fn program(platform: &Platform, hydra: &Server, id: &str) {
    let program = json!({
        "client_id": id, "client_secret": "only-for-tests", "grant_types": ["client_credentials"],
        "scope": "links:read", "token_endpoint_auth_method": "client_secret_basic",
    });
    client(platform, hydra, program).await;
}

async fn token_of_the_program(platform: &Platform, hydra: &Server, id: &str) -> String {
    let request = platform.client.post(format!("{}/oauth2/token", hydra.public));
    let request = request.basic_auth(id, Some("only-for-tests"));
    let form = [("grant_type", "client_credentials"), ("scope", "links:read")];
    text(&body(request.form(&form), StatusCode::OK).await["access_token"])
}

async fn is_unavailable(request: RequestBuilder, who: &str) {
    let unavailable = body(request, StatusCode::SERVICE_UNAVAILABLE).await;
    assert_eq!(unavailable["code"], "provider_unavailable");
    assert!(text(&unavailable["detail"]).contains(who), "{unavailable}");
}

async fn is_back(request: RequestBuilder) -> bool {
    request.send().await.expect("a response").status() == StatusCode::OK
}

/// Waits until Hydra answers in time: it makes its keys with the first question.
pub async fn sign_in_begins(platform: &Platform) {
    let url = platform.api(&format!("/v1/auth/providers/{NAME}/sign-in"));
    eventually("sign-in begins", || async {
        platform.client.get(&url).send().await.expect("a response").status() == StatusCode::SEE_OTHER
    })
    .await;
}

/// Somebody signs in through Hydra, which makes the keys of its tokens with the first of them: until then it may answer too late.
pub async fn signed_in(platform: &Platform, hydra: &Server, subject: &str, email: &str) -> (Begun, String, Response) {
    for _ in 0..10 {
        let (begun, code, response) = sign_in(platform, hydra, subject, email).await;
        if response.status() == StatusCode::SEE_OTHER {
            return (begun, code, response);
        }
        let (status, problem) = (response.status(), response.text().await.expect("a body"));
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{problem}");
        println!("{problem}");
    }
    panic!("Hydra answers in time");
}

/// What needs neither of them.
async fn everything_else_goes_on(platform: &Platform, owner: &Account, program: &Account) {
    let slug = unique("s");
    platform.create_link(program, &json!({ "destination_url": "https://example.com/", "slug": slug })).await;
    platform.read(program, "/links").await;
    platform.read(owner, "/links").await;
    platform.sign_in().await;
    assert_eq!(platform.visit("/here").await.status(), StatusCode::FOUND);
    assert_eq!(platform.visit(&format!("/{slug}")).await.status(), StatusCode::FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_hydra_and_kratos_stopped_keys_and_redirects_go_on_and_sign_in_says_what_is_missing() {
    if server("ELIDO_TEST_HYDRA_URLS").is_none() || server("ELIDO_TEST_KRATOS_URLS").is_none() {
        return;
    }
    let (own_hydra, own_kratos) = (OwnServer::new("hydra"), OwnServer::new("kratos"));
    let (hydra, kratos) = (own_hydra.start(), own_kratos.start());
    let mut platform = Platform::start().await;
    let owner = platform.account().await;
    let scopes = json!({ "name": "CI", "scopes": ["links:read", "links:write"] });
    let (by_key, _) = key(&platform, &owner, &scopes).await;
    platform.create_link(&owner, &json!({ "destination_url": "https://example.com/", "slug": "here" })).await;
    let (web, reporting) = (web_client(), unique("program"));
    let web_id = client(&platform, &hydra, web.clone()).await;
    program(&platform, &hydra, &reporting).await;
    platform.stop().await;
    let clients = format!("{reporting}: {} links:read", owner.workspace);
    platform.config.identity.oidc.insert(NAME.to_owned(), OidcConfig { clients, ..settings(&hydra, &web_id) });
    platform.config.identity.kratos.public_url.clone_from(&kratos.public);
    platform.config.identity.kratos.allowed_domains = "example.com".to_owned();
    platform.config.identity.kratos.create_accounts = true;
    platform.start_again().await;

    let email = format!("{}@example.com", unique("ada"));
    person(&platform, &kratos, &email, true).await;
    let of_kratos = session(&platform, &kratos, &email).await;
    body(me(&platform, ("x-session-token", &of_kratos)), StatusCode::OK).await;
    let (subject, address) = (unique("grace"), format!("{}@example.com", unique("grace")));
    sign_in_begins(&platform).await;
    signed_in(&platform, &hydra, &subject, &address).await;
    let of_hydra = token_of_the_program(&platform, &hydra, &reporting).await;
    body(read_links(&platform, &owner, &of_hydra), StatusCode::OK).await;
    // What nobody has asked about yet, so that no answer about it is kept.
    let fresh_session = session(&platform, &kratos, &email).await;
    let fresh_token = token_of_the_program(&platform, &hydra, &reporting).await;
    let begun = begin(&platform, NAME).await;
    let claims = json!({ "email": address, "email_verified": true });
    let back = at_hydra(&platform, &hydra, &begun.authorization, &subject, claims).await;

    own_hydra.run("halt");
    own_kratos.run("halt");
    is_unavailable(me(&platform, ("x-session-token", &fresh_session)), "kratos").await;
    is_unavailable(read_links(&platform, &owner, &fresh_token), NAME).await;
    let came_back = begun.come_back(&platform, &parameter(&back, "code")).await;
    assert_eq!(came_back.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(came_back.json::<Value>().await.expect("a problem")["code"], "provider_unavailable");
    everything_else_goes_on(&platform, &owner, &by_key).await;

    // They are missed by no start either.
    platform.stop().await;
    platform.start_again().await;
    let begin_url = platform.api(&format!("/v1/auth/providers/{NAME}/sign-in"));
    is_unavailable(platform.client.request(Method::GET, begin_url), NAME).await;
    is_unavailable(me(&platform, ("x-session-token", &fresh_session)), "kratos").await;
    everything_else_goes_on(&platform, &owner, &by_key).await;

    own_hydra.run("again");
    own_kratos.run("again");
    client(&platform, &hydra, web).await;
    program(&platform, &hydra, &reporting).await;
    eventually("the session of Kratos counts", || is_back(me(&platform, ("x-session-token", &fresh_session)))).await;
    let token = token_of_the_program(&platform, &hydra, &reporting).await;
    eventually("the token of Hydra counts", || is_back(read_links(&platform, &owner, &token))).await;
    sign_in_begins(&platform).await;
    let (_, _, response) = signed_in(&platform, &hydra, &subject, &address).await;
    assert!(kept(&response, "elido_session").is_some(), "a session");
    everything_else_goes_on(&platform, &owner, &by_key).await;
}
