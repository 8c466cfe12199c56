//! The OpenAPI document of all services of the api role.

use url::Url;
use utoipa::openapi::OpenApi;

use super::api::described;
use crate::http::openapi;

/// The OpenAPI document of every operation.
#[must_use]
pub fn document(public_url: &Url) -> OpenApi {
    let (operations, tags) = described();
    let mut document = openapi::frame(public_url.as_str(), &tags);
    for service in operations {
        document.merge(service);
    }
    openapi::describe_permissions(&mut document);
    openapi::refer_to_items(&mut document);
    openapi::title_variants(&mut document);
    document
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where two forms had one name, the document would describe one of them alone.
    #[test]
    fn forms_of_different_services_have_names_of_their_own() {
        let (documents, _) = described();
        let forms = |document: &OpenApi| document.components.clone().map(|all| all.schemas).unwrap_or_default();
        let whole = forms(&document(&"http://localhost:8090".parse().expect("a URL")));
        for document in &documents {
            for (name, form) in forms(document) {
                let others = documents.iter().filter_map(|other| forms(other).get(&name).cloned());
                assert!(whole.contains_key(&name), "{name} is in the document");
                for other in others {
                    assert!(other == form, "{name} stands for two forms");
                }
            }
        }
    }
}
