//! How the operations of OAuth2 clients and consents are done, for the test that looks for their audit rows.

use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use crate::support::oauth::{Browser, acting, confidential_client, draft, public_client, request as asked};
use crate::support::people::{of, text};
use crate::support::platform::{Account, EMAIL, PASSWORD, Platform, body};

/// The request that does an operation in the workspace of this owner; `None` if it is another operation.
pub async fn request(platform: &Platform, owner: &Account, operation: &str) -> Option<RequestBuilder> {
    let client = async || confidential_client(platform, owner).await.id;
    let request = match operation {
        "createOAuthClient" => platform.of(owner, Method::POST, "/oauth-clients").json(&draft(true)),
        "updateOAuthClient" => {
            let path = format!("/oauth-clients/{}", client().await);
            platform.of(owner, Method::PATCH, &path).json(&json!({ "name": "Other" }))
        }
        "rotateOAuthClientSecret" => {
            let path = format!("/oauth-clients/{}/rotate-secret", client().await);
            platform.of(owner, Method::POST, &path).json(&json!({ "overlap_seconds": 60 }))
        }
        "deleteOAuthClient" => platform.of(owner, Method::DELETE, &format!("/oauth-clients/{}", client().await)),
        "decideAuthorization" => {
            let client = public_client(platform, owner).await;
            let browser = Browser::with_session(platform, owner);
            let page = browser.ask(&asked(&client, "links:read")).await.text().await.expect("a page");
            browser.form(&page, "allow", &owner.workspace)
        }
        "signInToAuthorize" => {
            let client = public_client(platform, owner).await;
            let query = serde_html_form::to_string(asked(&client, "links:read")).expect("a query");
            let form = [("request", query.as_str()), ("email", EMAIL), ("password", PASSWORD)];
            platform.client.post(platform.api("/oauth/sign-in")).form(&form)
        }
        "revokeToken" => {
            let client = public_client(platform, owner).await;
            let browser = Browser::with_session(platform, owner);
            let held = acting(&browser, &client, "links:read", &owner.workspace).await;
            let form = [("client_id", client.id.clone()), ("token", text(&held["refresh_token"]))];
            platform.client.post(platform.api("/oauth/revoke")).form(&form)
        }
        "revokeConsent" => {
            let client = public_client(platform, owner).await;
            let browser = Browser::with_session(platform, owner);
            acting(&browser, &client, "links:read", &owner.workspace).await;
            let consents = body(of(platform, &owner.token, Method::GET, "/v1/me/consents"), StatusCode::OK).await;
            let of_client = |consent: &&Value| consent["client_id"] == client.id.as_str();
            let consent = consents["data"].as_array().expect("consents").iter().find(of_client).expect("its consent");
            of(platform, &owner.token, Method::DELETE, &format!("/v1/me/consents/{}", text(&consent["id"])))
        }
        _ => return None,
    };
    Some(request)
}
