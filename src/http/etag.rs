//! Entity tags made from versions (RFC 9110, sections 8.8.3 and 13.1).
//!
//! A resource's version grows with every edit, so that equal tags mean an equal
//! resource. `If-Match` guards edits against lost updates, `If-None-Match`
//! spares readers what they have already.

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use http::header::{ETAG, HeaderName, IF_MATCH, IF_NONE_MATCH};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode};

use super::problem::Problem;
use crate::domain::error::{Error, ErrorKind};

/// The most tags read from one header.
const TAGS_MAX: usize = 32;

/// What `If-Match` asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IfMatch(Option<Condition>);

/// What `If-None-Match` asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IfNoneMatch(Option<Condition>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Condition {
    /// `*`: whatever there is.
    Any,
    /// One of these.
    OneOf(Vec<EntityTag>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct EntityTag {
    weak: bool,
    opaque: Box<str>,
}

/// A resource and its version: answers the body with its `ETag`.
#[derive(Debug, Clone)]
pub struct Tagged<T> {
    /// Grows with every edit of the resource.
    pub version: i64,
    /// The response.
    pub body: T,
}

impl IfMatch {
    /// Whether an edit of the resource in this version may go on. Without the header every version will do.
    #[must_use]
    pub fn allows(&self, version: i64) -> bool {
        match &self.0 {
            None | Some(Condition::Any) => true,
            Some(Condition::OneOf(tags)) => tags.iter().any(|tag| !tag.weak && tag.names(version)),
        }
    }

    /// The same as an error of the use case.
    ///
    /// # Errors
    /// 412 where the version is not one that the client named.
    pub fn require(&self, version: i64) -> Result<(), Error> {
        if self.allows(version) {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::PreconditionFailed,
            "version_mismatch",
            "This was changed since you read it. Read it again and repeat your edit.",
        ))
    }
}

impl IfNoneMatch {
    /// Answers 304 without a body where the client has this version, and else the body; with the `ETag` in both cases.
    pub fn answer<T: IntoResponse>(&self, tagged: Tagged<T>) -> Response {
        if self.holds(tagged.version) {
            return (StatusCode::NOT_MODIFIED, [(ETAG, etag_value(tagged.version))]).into_response();
        }
        tagged.into_response()
    }

    fn holds(&self, version: i64) -> bool {
        match &self.0 {
            None => false,
            Some(Condition::Any) => true,
            Some(Condition::OneOf(tags)) => tags.iter().any(|tag| tag.names(version)),
        }
    }
}

impl<T: IntoResponse> IntoResponse for Tagged<T> {
    fn into_response(self) -> Response {
        ([(ETAG, etag_value(self.version))], self.body).into_response()
    }
}

/// The tag of a version, as the `ETag` header holds it.
#[must_use]
pub fn etag_value(version: i64) -> HeaderValue {
    HeaderValue::try_from(format!("\"{version}\"")).unwrap_or_else(|_| HeaderValue::from_static("\"\""))
}

impl EntityTag {
    fn names(&self, version: i64) -> bool {
        *self.opaque == *version.to_string()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        condition(&parts.headers, &IF_MATCH).map(Self).map_err(Problem::from)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IfNoneMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        condition(&parts.headers, &IF_NONE_MATCH).map(Self).map_err(Problem::from)
    }
}

/// Reads all lines of a header that holds `*` or a list of tags.
fn condition(headers: &HeaderMap, name: &HeaderName) -> Result<Option<Condition>, Error> {
    let malformed = || {
        let example = "a list of entity tags such as \"3\", or *";
        Error::invalid_field(name.as_str(), "invalid_value", format!("expected {example}"))
    };
    let mut tags = Vec::new();
    for line in headers.get_all(name) {
        let line = line.to_str().map_err(|_| malformed())?.trim();
        if line == "*" {
            return Ok(Some(Condition::Any));
        }
        parse_tags(line, &mut tags).ok_or_else(malformed)?;
    }
    Ok((!tags.is_empty()).then_some(Condition::OneOf(tags)))
}

/// Appends the tags of one line; `None` where it is not a list of tags.
fn parse_tags(line: &str, tags: &mut Vec<EntityTag>) -> Option<()> {
    let mut rest = line;
    loop {
        let weak = rest.starts_with("W/");
        rest = rest.strip_prefix("W/").unwrap_or(rest).strip_prefix('"')?;
        let (opaque, after) = rest.split_once('"')?;
        tags.push(EntityTag { weak, opaque: opaque.into() });
        rest = after.trim_start();
        if rest.is_empty() {
            return Some(());
        }
        rest = rest.strip_prefix(',')?.trim_start();
        if tags.len() == TAGS_MAX {
            return None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(lines: &[&str]) -> Result<Option<Condition>, Error> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(IF_MATCH, line.parse().expect("a header value"));
        }
        condition(&headers, &IF_MATCH)
    }

    fn if_match(lines: &[&str]) -> IfMatch {
        IfMatch(read(lines).expect("a valid header"))
    }

    #[test]
    fn an_edit_needs_the_current_version_if_it_names_one() {
        assert!(if_match(&[]).allows(3));
        assert!(if_match(&["*"]).allows(3));
        assert!(if_match(&["\"2\", \"3\""]).allows(3));
        assert!(if_match(&["\"2\"", "\"3\""]).allows(3));
        assert!(!if_match(&["\"2\",\"33\""]).allows(3));
        assert_eq!(if_match(&["\"2\""]).require(3).expect_err("a lost update").kind, ErrorKind::PreconditionFailed);
    }

    #[test]
    fn weak_tags_spare_a_read_and_never_guard_an_edit() {
        assert!(!if_match(&["W/\"3\""]).allows(3));
        assert!(IfNoneMatch(read(&["W/\"3\""]).expect("a valid header")).holds(3));
    }

    #[test]
    fn a_reader_with_the_current_version_gets_no_body() {
        let current = IfNoneMatch(read(&["\"3\""]).expect("a valid header"));
        let answer = current.answer(Tagged { version: 3, body: "body" });
        assert_eq!((answer.status(), &answer.headers()[ETAG]), (StatusCode::NOT_MODIFIED, &etag_value(3)));
        let answer = current.answer(Tagged { version: 4, body: "body" });
        assert_eq!((answer.status(), &answer.headers()[ETAG]), (StatusCode::OK, &etag_value(4)));
    }

    #[test]
    fn what_is_no_list_of_tags_is_refused() {
        for line in ["3", "\"3", "\"3\" \"4\"", "\"3\",", ",", "W/3", ""] {
            assert!(read(&[line]).is_err(), "{line}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_headers_never_panic(line in "[ -~]*") {
            drop(read(&[&line]));
        }
    }
}
