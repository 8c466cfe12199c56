//! How the operations of accounts and sessions are done, for the test that looks for their audit rows.

use elido::domain::id::IdentityId;
use elido::infra::store::Store;
use elido::infra::store::external_identities::{self, ExternalIdentity};
use elido::runtime::clock;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::authenticator::{code as shown, early_in_a_step};
use crate::support::mailbox::code;
use crate::support::people::{newcomer, of, post, sign_in, text, token};
use crate::support::platform::{EMAIL, PASSWORD, Platform, body};

/// A request: its method, its path, its body, and the token of whoever sends it.
type Request = (Method, String, Value, Option<String>);

/// The request that does an operation of accounts, as a rule of somebody new with this address; `None` if it is another operation.
pub async fn request(platform: &Platform, administrator: &str, operation: &str, email: &str) -> Option<Request> {
    let request = match operation {
        "register" => register(platform, email).await,
        "confirmEmail" => confirm_email(platform, administrator).await,
        "resetPassword" => reset_password(platform, email).await,
        "changePassword" => {
            let token = newcomer(platform, email).await;
            let change = json!({ "password": PASSWORD, "new_password": "staple battery horse correct" });
            (Method::PUT, "/v1/me/password".to_owned(), change, Some(token))
        }
        "endOtherSessions" => {
            newcomer(platform, email).await;
            let token = token(platform, email, PASSWORD).await;
            (Method::DELETE, "/v1/auth/sessions".to_owned(), Value::Null, Some(token))
        }
        "signInWithCode" => {
            let (_, secret) = enrolled(platform, email).await;
            let challenge = text(&body(sign_in(platform, email, PASSWORD), StatusCode::ACCEPTED).await["challenge"]);
            let answer = json!({ "challenge": challenge, "code": shown(&secret, 0) });
            (Method::POST, "/v1/auth/sign-in/second-factor".to_owned(), answer, None)
        }
        "confirmSecondFactor" => {
            let token = newcomer(platform, email).await;
            let secret = begun(platform, &token).await;
            early_in_a_step().await;
            (Method::POST, second_factor("/confirm"), json!({ "code": shown(&secret, 0) }), Some(token))
        }
        "disableSecondFactor" => {
            let (token, _) = enrolled(platform, email).await;
            (Method::POST, second_factor("/disable"), json!({ "password": PASSWORD }), Some(token))
        }
        "replaceRecoveryCodes" => {
            let (token, _) = enrolled(platform, email).await;
            (Method::POST, second_factor("/recovery-codes"), json!({ "password": PASSWORD }), Some(token))
        }
        "unlinkIdentity" => {
            let token = newcomer(platform, email).await;
            let path = format!("/v1/me/identities/{}", linked(platform, &token).await);
            (Method::DELETE, path, Value::Null, Some(token))
        }
        "resetSecondFactor" => {
            let (token, _) = enrolled(platform, email).await;
            let me = body(of(platform, &token, Method::GET, "/v1/me"), StatusCode::OK).await;
            let path = format!("/v1/admin/accounts/{}/reset-second-factor", text(&me["user"]["id"]));
            (Method::POST, path, Value::Null, None)
        }
        "disableAccount" => (Method::POST, account(platform, email, "/disable").await, Value::Null, None),
        "enableAccount" => {
            let path = account(platform, email, "").await;
            body(of(platform, administrator, Method::POST, &format!("{path}/disable")), StatusCode::OK).await;
            (Method::POST, format!("{path}/enable"), Value::Null, None)
        }
        _ => return None,
    };
    Some(request)
}

async fn register(platform: &Platform, email: &str) -> Request {
    body(post(platform, "/v1/auth/registration", &json!({ "email": email })), StatusCode::ACCEPTED).await;
    let code = code(platform, email, 1, "register_").await;
    let draft = json!({ "code": code, "name": "Ada", "password": PASSWORD });
    (Method::POST, "/v1/auth/registration/confirm".to_owned(), draft, None)
}

/// The administrator's own address is not confirmed yet.
async fn confirm_email(platform: &Platform, administrator: &str) -> Request {
    body(of(platform, administrator, Method::POST, "/v1/me/email/verification"), StatusCode::ACCEPTED).await;
    let code = code(platform, EMAIL, 1, "verify_").await;
    (Method::POST, "/v1/auth/email/confirm".to_owned(), json!({ "code": code }), None)
}

async fn reset_password(platform: &Platform, email: &str) -> Request {
    newcomer(platform, email).await;
    body(post(platform, "/v1/auth/password-reset", &json!({ "email": email })), StatusCode::ACCEPTED).await;
    let code = code(platform, email, 2, "reset_").await;
    let reset = json!({ "code": code, "new_password": "staple battery horse correct" });
    (Method::POST, "/v1/auth/password-reset/confirm".to_owned(), reset, None)
}

/// Makes an account and names its path.
async fn account(platform: &Platform, email: &str, operation: &str) -> String {
    let token = newcomer(platform, email).await;
    let me = body(of(platform, &token, Method::GET, "/v1/me"), StatusCode::OK).await;
    format!("/v1/admin/accounts/{}{operation}", text(&me["user"]["id"]))
}

/// Links an identity to somebody, as a sign-in through a provider does.
pub async fn linked(platform: &Platform, token: &str) -> IdentityId {
    let me = body(of(platform, token, Method::GET, "/v1/me"), StatusCode::OK).await;
    let store = Store::connect(&platform.config.database, &platform.config.data_folder).await.expect("a store");
    let transaction = store.write().await.expect("a transaction");
    let now = clock::now();
    let identity = ExternalIdentity {
        id: IdentityId::new(),
        user_id: text(&me["user"]["id"]).parse().expect("an id"),
        provider: "corporate".to_owned(),
        issuer: "https://login.example.com".to_owned(),
        subject: text(&me["user"]["email"]),
        email: text(&me["user"]["email"]),
        created_at: now,
        last_used_at: now,
    };
    let id = identity.id;
    assert!(external_identities::insert(&transaction, identity).await.expect("an identity"));
    transaction.commit().await.expect("a commit");
    id
}

fn second_factor(operation: &str) -> String {
    format!("/v1/me/second-factor{operation}")
}

/// The secret of a second factor that is not confirmed yet.
async fn begun(platform: &Platform, token: &str) -> String {
    let begun = of(platform, token, Method::POST, "/v1/me/second-factor").json(&json!({ "password": PASSWORD }));
    text(&body(begun, StatusCode::CREATED).await["secret"])
}

/// Somebody with a second factor: a token, and the secret of the authenticator, which has shown the code of the step before.
async fn enrolled(platform: &Platform, email: &str) -> (String, String) {
    let token = newcomer(platform, email).await;
    let secret = begun(platform, &token).await;
    early_in_a_step().await;
    let confirm =
        of(platform, &token, Method::POST, &second_factor("/confirm")).json(&json!({ "code": shown(&secret, -1) }));
    (text(&body(confirm, StatusCode::OK).await["session"]["token"]), secret)
}
