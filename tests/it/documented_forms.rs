//! Bodies have the form that the OpenAPI document gives them, at every depth.

use std::fmt::Write as _;

use reqwest::{Method, StatusCode};
use serde_json::{Map, Value, json};

use crate::support::platform::{Account, EMAIL, PASSWORD, Platform, body};

/// How deep schemas are followed, which may contain each other.
const DEPTH_MAX: usize = 8;

/// The OpenAPI document.
struct Document(Value);

impl Document {
    /// The schema itself, where it is named.
    fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        match schema["$ref"].as_str() {
            Some(name) => {
                self.0.pointer(name.trim_start_matches('#')).unwrap_or_else(|| panic!("{name} is in the document"))
            }
            None => schema,
        }
    }

    /// All forms that a schema allows.
    fn forms<'a>(&'a self, schema: &'a Value) -> Vec<&'a Value> {
        let schema = self.resolve(schema);
        let several = ["oneOf", "anyOf", "allOf"].into_iter().find_map(|name| schema[name].as_array());
        match several {
            Some(forms) => forms.iter().flat_map(|form| self.forms(form)).collect(),
            None => vec![schema],
        }
    }

    /// A value of this form with what it needs and nothing else.
    fn sample(&self, schema: &Value) -> Value {
        let form = self.forms(schema)[0];
        if let Some(name) = form["enum"].get(0) {
            return name.clone();
        }
        match form["type"].as_str().or_else(|| form["type"][0].as_str()).unwrap_or_default() {
            "object" => {
                let required = form["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
                let fields = required.map(|name| (name.to_owned(), self.sample(&form["properties"][name])));
                Value::Object(fields.collect())
            }
            "array" => json!([self.sample(&form["items"])]),
            "integer" | "number" => json!(1),
            "boolean" => json!(true),
            _ if form["format"] == "uri" => json!("https://example.com/"),
            _ if form["format"] == "date-time" => json!("2030-01-01T00:00:00Z"),
            _ => form.get("example").or_else(|| form["examples"].get(0)).cloned().unwrap_or_else(|| json!("text")),
        }
    }

    /// Every value of this schema in which one object is a list of what it holds, and a pointer to that list.
    fn lists_for_objects(&self, schema: &Value, depth: usize) -> Vec<(String, Value)> {
        if depth > DEPTH_MAX {
            return Vec::new();
        }
        self.forms(schema).into_iter().flat_map(|form| self.lists_in_form(form, depth)).collect()
    }

    fn lists_in_form(&self, form: &Value, depth: usize) -> Vec<(String, Value)> {
        if form["type"] == "array" {
            let items = self.lists_for_objects(&form["items"], depth + 1);
            return items.into_iter().map(|(pointer, item)| (format!("/0{pointer}"), json!([item]))).collect();
        }
        let Some(properties) = form["properties"].as_object() else { return Vec::new() };
        let sample = self.sample(form);
        let values = sample.as_object().into_iter().flat_map(Map::values).cloned().collect();
        let mut found = vec![(String::new(), Value::Array(values))];
        for (name, property) in properties {
            for (pointer, value) in self.lists_for_objects(property, depth + 1) {
                let mut object = sample.clone();
                object[name] = value;
                found.push((format!("/{name}{pointer}"), object));
            }
        }
        found
    }

    /// Method, path and body schema of every operation that takes a body.
    fn operations_with_bodies(&self) -> Vec<(Method, String, &Value)> {
        let mut operations = Vec::new();
        for (path, methods) in self.0["paths"].as_object().expect("paths") {
            for (method, operation) in methods.as_object().expect("methods") {
                let Some(schema) = operation.pointer("/requestBody/content/application~1json/schema") else { continue };
                let method = method.to_uppercase().parse().expect("a method");
                operations.push((method, path.clone(), schema));
            }
        }
        operations
    }
}

fn at(path: &str, account: &Account) -> String {
    let nobody = uuid::Uuid::nil().simple();
    let path = path.replace("{workspace_id}", &account.workspace);
    let ids = [
        ("{link_id}", "lnk"),
        ("{tag_id}", "tag"),
        ("{folder_id}", "fld"),
        ("{utm_template_id}", "utm"),
        ("{comment_id}", "cmt"),
        ("{view_id}", "viw"),
        ("{share_id}", "shr"),
        ("{report_schedule_id}", "rps"),
        ("{freeze_window_id}", "frz"),
        ("{change_request_id}", "crq"),
        ("{domain_id}", "dom"),
        ("{api_key_id}", "key"),
        ("{user_id}", "usr"),
        ("{oauth_client_id}", "oac"),
    ];
    ids.iter().fold(path, |path, (name, prefix)| path.replace(name, &format!("{prefix}_{nobody}")))
}

#[tokio::test]
async fn a_list_is_never_taken_for_an_object_wherever_the_document_has_one() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let document = Document(body(platform.client.get(platform.api("/openapi.json")), StatusCode::OK).await);
    let mut tried = 0;
    let mut wrong = String::new();
    for (method, path, schema) in document.operations_with_bodies() {
        for (pointer, value) in document.lists_for_objects(schema, 0) {
            let request = platform.client.request(method.clone(), platform.api(&at(&path, &account)));
            let response = request.bearer_auth(&account.token).json(&value).send().await.expect("a response");
            let status = response.status();
            let problem: Value = response.json().await.expect("a problem");
            let error = &problem["errors"][0];
            let message = error["detail"].as_str().unwrap_or_default();
            let is_refused = status == StatusCode::BAD_REQUEST && error["pointer"] == pointer.as_str();
            if !is_refused || !message.ends_with(", not a list") {
                writeln!(wrong, "{method} {path} {pointer} {value}: {status} {problem}").expect("written");
            }
            tried += 1;
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(tried > 40, "{tried} bodies were tried");
}

#[tokio::test]
async fn a_value_of_the_wrong_sort_is_refused_in_plain_words() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let link = |field: &str, value: Value| json!({ "destination_url": "https://example.com/", field: value });
    for (sent, pointer, message) in [
        (json!([]), "", "expected an object, not a list"),
        (json!(null), "", "expected an object, not null"),
        (link("utm", json!(["a"])), "/utm", "expected an object, not a list"),
        (link("slug", json!(1)), "/slug", "expected a text, not a number"),
        (link("password", json!(1)), "/password", "expected a text, not a number"),
        (link("archived", json!("yes")), "/archived", "expected true or false, not a text"),
        (
            link("if_exists", json!({"return": null})),
            "/if_exists",
            "expected one of \"return\", \"fail\", not an object",
        ),
        (link("max_clicks", json!("1")), "/max_clicks", "expected a whole number, not a text"),
        (
            link("max_clicks", json!(18_446_744_073_709_551_616.0)),
            "/max_clicks",
            "expected a whole number; this has a fraction or is too large",
        ),
    ] {
        let request = platform.of(&account, Method::POST, "/links").json(&sent);
        let problem = body(request, StatusCode::BAD_REQUEST).await;
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{sent}: {problem}");
        assert_eq!(problem["errors"][0]["detail"], message, "{sent}: {problem}");
    }
    let pair = platform.client.post(platform.api("/v1/auth/sign-in")).json(&json!([EMAIL, PASSWORD]));
    assert_eq!(body(pair, StatusCode::BAD_REQUEST).await["errors"][0]["pointer"], "");
}
