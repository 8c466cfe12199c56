//! Path parameters, read so that an error names its parameter.

use axum::extract::{FromRequestParts, RawPathParams};
use http::request::Parts;
use serde::de::value::{Error as ReadError, MapDeserializer, SeqDeserializer, StrDeserializer};
use serde::de::{DeserializeOwned, Deserializer, Error as _, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;
use serde_path_to_error::Segment;

use super::deserialize_error;
use super::problem::Problem;
use crate::domain::error::Error;

/// The parameters in the path: one value, a tuple in the path's order, or a struct by name; each value is read from text.
/// Answers 400 with the parameter's name.
#[derive(Debug, Clone, Copy, Default)]
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let parameters = RawPathParams::from_request_parts(parts, state).await.map_err(|_| {
            Error::invalid_field("path", "invalid_value", "a part of the path is not UTF-8 once it is decoded")
        })?;
        let parameters: Vec<(&str, &str)> = parameters.iter().collect();
        let value = serde_path_to_error::deserialize(Parameters(&parameters)).map_err(|error| {
            let mut field = deserialize_error::in_parameter(error.path(), &error.inner().to_string());
            if field.pointer.is_empty() {
                name_at(&parameters, error.path()).unwrap_or("path").clone_into(&mut field.pointer);
            }
            Error::invalid_fields(vec![field])
        })?;
        Ok(Self(value))
    }
}

/// The name of the parameter that was read as an element of a tuple, or as the only one.
fn name_at<'a>(parameters: &[(&'a str, &'a str)], path: &serde_path_to_error::Path) -> Option<&'a str> {
    let index = match path.iter().next() {
        Some(Segment::Seq { index }) => *index,
        _ => 0,
    };
    parameters.get(index).map(|(name, _)| *name)
}

/// Names and values in the path's order.
struct Parameters<'a>(&'a [(&'a str, &'a str)]);

impl<'a> Parameters<'a> {
    fn only_value(&self) -> Result<StrDeserializer<'a, ReadError>, ReadError> {
        match self.0 {
            [(_, value)] => Ok((*value).into_deserializer()),
            _ => Err(ReadError::custom("the path does not have exactly one parameter")),
        }
    }
}

impl<'de> Deserializer<'de> for Parameters<'_> {
    type Error = ReadError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.only_value()?.deserialize_any(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _length: usize, visitor: V) -> Result<V::Value, ReadError> {
        SeqDeserializer::new(self.0.iter().map(|(_, value)| *value)).deserialize_any(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        MapDeserializer::new(self.0.iter().copied()).deserialize_any(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct seq
        tuple_struct map enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::{LinkId, WorkspaceId};
    use crate::http::problem::ProblemDocument;
    use axum::Router;
    use axum::body::Body;
    use axum::routing::get;
    use http::{Request, StatusCode};
    use serde::Deserialize;
    use tower::ServiceExt;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Named {
        workspace_id: WorkspaceId,
        link_id: LinkId,
    }

    async fn ask(path: &str) -> (StatusCode, String) {
        let router = Router::new()
            .route("/one/{link_id}", get(|Path(id): Path<LinkId>| async move { id.to_string() }))
            .route(
                "/two/{workspace_id}/{link_id}",
                get(|Path((_, id)): Path<(WorkspaceId, LinkId)>| async move { id.to_string() }),
            )
            .route(
                "/named/{workspace_id}/{link_id}",
                get(|Path(named): Path<Named>| async move { format!("{}{}", named.workspace_id, named.link_id) }),
            );
        let request = Request::get(path).body(Body::empty()).expect("a request");
        let response = router.oneshot(request).await.expect("a response");
        let status = response.status();
        let body = axum::body::to_bytes(response.into_body(), 10_000).await.expect("a body");
        (status, String::from_utf8(body.to_vec()).expect("text"))
    }

    #[tokio::test]
    async fn one_two_and_named_parameters_are_read() {
        let (workspace, link) = (WorkspaceId::new(), LinkId::new());
        assert_eq!(ask(&format!("/one/{link}")).await, (StatusCode::OK, link.to_string()));
        assert_eq!(ask(&format!("/two/{workspace}/{link}")).await, (StatusCode::OK, link.to_string()));
        assert_eq!(ask(&format!("/named/{workspace}/{link}")).await, (StatusCode::OK, format!("{workspace}{link}")));
    }

    #[tokio::test]
    async fn an_error_names_its_parameter() {
        let (workspace, link) = (WorkspaceId::new(), LinkId::new());
        for (path, name) in [
            ("/one/lnk_7".to_owned(), "link_id"),
            (format!("/two/{link}/{link}"), "workspace_id"),
            (format!("/two/{workspace}/{workspace}"), "link_id"),
            (format!("/named/{workspace}/%20"), "link_id"),
            (format!("/named/{workspace}/%ff"), "path"),
        ] {
            let (status, body) = ask(&path).await;
            let document: ProblemDocument = serde_json::from_str(&body).expect("a problem");
            assert_eq!((status.as_u16(), document.errors[0].pointer.as_str()), (400, name), "{body}");
        }
    }
}
