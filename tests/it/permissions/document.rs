//! The operations of the running server, as its OpenAPI document lists them.

use elido::domain::permission::{Permission, of_operation};
use reqwest::{Method, StatusCode};
use serde_json::{Map, Value};

use crate::support::platform::{Platform, body};

/// One operation.
pub struct Operation {
    pub id: String,
    pub method: Method,
    pub path: String,
    pub permission: &'static Permission,
    /// What the document says of it.
    pub description: Value,
}

/// The whole document.
pub struct Document(pub Value);

impl Document {
    pub async fn of(platform: &Platform) -> Self {
        Self(body(platform.client.get(platform.api("/openapi.json")), StatusCode::OK).await)
    }

    /// Every operation; fails for one that the table of permissions does not have.
    pub fn operations(&self) -> Vec<Operation> {
        let paths = self.0["paths"].as_object().expect("paths");
        let of_path = |(path, methods): (&String, &Value)| {
            let methods = methods.as_object().expect("methods").clone();
            let path = path.clone();
            methods.into_iter().map(move |(method, description)| Operation::new(&method, &path, description))
        };
        paths.iter().flat_map(of_path).collect()
    }

    /// The schema itself, where it is named.
    pub fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        match schema["$ref"].as_str() {
            Some(name) => self.0.pointer(name.trim_start_matches('#')).expect("it is in the document"),
            None => schema,
        }
    }
}

impl Operation {
    fn new(method: &str, path: &str, description: Value) -> Self {
        let id = description["operationId"].as_str().expect("an id").to_owned();
        let permission = of_operation(&id).unwrap_or_else(|| panic!("{id} is not in the table of permissions"));
        let method = method.to_uppercase().parse().expect("a method");
        Self { id, method, path: path.to_owned(), permission, description }
    }

    /// The schema of its body, if it takes one.
    pub fn body_schema(&self) -> Option<&Value> {
        self.description.pointer("/requestBody/content/application~1json/schema")
    }

    /// The parameters of the path besides that of the workspace.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        let names = self.path.split('{').skip(1).filter_map(|rest| rest.split('}').next());
        names.filter(|name| *name != "workspace_id")
    }

    /// The names of query parameters that must be there.
    pub fn required_parameters(&self) -> Vec<&str> {
        let parameters = self.description["parameters"].as_array().into_iter().flatten();
        let required = parameters.filter(|parameter| parameter["in"] == "query" && parameter["required"] == true);
        required.filter_map(|parameter| parameter["name"].as_str()).collect()
    }

    /// Every query parameter with a value that it may have; of those with a list of values, each.
    pub fn filters(&self) -> Vec<(String, String)> {
        let parameters = self.description["parameters"].as_array().into_iter().flatten();
        let of_query = parameters.filter(|parameter| parameter["in"] == "query" && parameter["required"] != true);
        of_query.flat_map(values).collect()
    }

    /// Whether it lists something of a workspace.
    pub fn is_list(&self) -> bool {
        let is_page = |schema: &Map<String, Value>| schema.values().any(|value| value.to_string().contains("Page"));
        self.method == Method::GET
            && self.path.starts_with("/v1/workspaces/{workspace_id}/")
            && self.ids().next().is_none()
            && self
                .description
                .pointer("/responses/200/content/application~1json/schema")
                .and_then(Value::as_object)
                .is_some_and(is_page)
    }
}

fn values(parameter: &Value) -> Vec<(String, String)> {
    let name = parameter["name"].as_str().expect("a name");
    let schema = &parameter["schema"];
    let texts: Vec<String> = match (name, schema["enum"].as_array()) {
        // A cursor is handed out, and not made up.
        ("cursor", _) => Vec::new(),
        (_, Some(values)) => values.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        ("created_by" | "actor", None) => vec![format!("usr_{}", uuid::Uuid::nil().simple())],
        ("link_id", None) => vec![format!("lnk_{}", uuid::Uuid::nil().simple())],
        ("from" | "until" | "created_from" | "created_until", None) => vec!["2026-01-01T00:00:00Z".to_owned()],
        _ if schema.to_string().contains("boolean") => vec!["true".to_owned(), "false".to_owned()],
        _ => {
            let example = &parameter["example"];
            vec![example.as_str().or(example[0].as_str()).unwrap_or("1").to_owned()]
        }
    };
    texts.into_iter().map(|text| (name.to_owned(), text)).collect()
}
