//! The failures that operations list in the OpenAPI document, by what sort of operation it is.

use std::collections::BTreeMap;

use utoipa::IntoResponses;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::{Ref, RefOr};

/// What every operation may answer.
const COMMON: [(u16, &str); 6] = [
    (400, "The request cannot be understood, or names a value that is not allowed."),
    (401, "No credential, or one that does not hold."),
    (429, "Too many requests. `Retry-After` says when to come back."),
    (500, "A failure on our side."),
    (503, "A service that this needs is not available. Try again shortly."),
    (504, "This took longer than a request may take."),
];
/// What an operation on something of a workspace may answer.
const TENANT: [(u16, &str); 2] =
    [(403, "The credential does not reach this far."), (404, "There is no such thing in the caller's workspace.")];
/// What an operation with a body may answer.
const BODY: [(u16, &str); 3] = [
    (413, "The body, or the number of its items, is larger than allowed."),
    (415, "The body is not JSON."),
    (422, "The `Idempotency-Key` was used for another request."),
];
const CONFLICT: (u16, &str) = (
    409,
    "It clashes with what is there already, or the first request under the `Idempotency-Key` is not answered yet. In \
     that case `Retry-After` says when the key is free at the latest; the response may be there before.",
);
const PRECONDITION: (u16, &str) = (412, "`If-Match` names a version that is not the current one.");

/// The failures of an operation that needs no workspace and takes no body.
pub struct PlainProblems;
/// The failures of an operation that needs no workspace and takes a body.
pub struct PlainBodyProblems;
/// The failure of an operation that some credentials cannot do.
pub struct ForbiddenProblem;
/// The failure of an operation on something that there may not be.
pub struct NotFoundProblem;
/// The failure of an operation on what is only kept for some time.
pub struct GoneProblem;
/// The failure of an operation that may clash with what is there.
pub struct ConflictProblem;
/// The failures of an operation that reads.
pub struct ReadProblems;
/// The failures of an operation that makes something.
pub struct CreateProblems;
/// The failures of an operation that changes something.
pub struct EditProblems;
/// The failures of an operation that deletes something.
pub struct DeleteProblems;

type Listed = BTreeMap<String, RefOr<Response>>;

fn listed(problems: impl IntoIterator<Item = (u16, &'static str)>) -> Listed {
    problems.into_iter().map(|(status, about)| (status.to_string(), RefOr::T(problem(about)))).collect()
}

fn problem(about: &str) -> Response {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    ResponseBuilder::new().description(about).content("application/problem+json", content).build()
}

impl IntoResponses for PlainProblems {
    fn responses() -> Listed {
        listed(COMMON)
    }
}

impl IntoResponses for PlainBodyProblems {
    fn responses() -> Listed {
        listed(COMMON.into_iter().chain(BODY).chain([CONFLICT]))
    }
}

impl IntoResponses for ForbiddenProblem {
    fn responses() -> Listed {
        listed(TENANT.into_iter().take(1))
    }
}

impl IntoResponses for NotFoundProblem {
    fn responses() -> Listed {
        listed([(404, "There is no such thing.")])
    }
}

impl IntoResponses for GoneProblem {
    fn responses() -> Listed {
        listed([(410, "What was asked for is no longer kept. The problem says where to go on.")])
    }
}

impl IntoResponses for ConflictProblem {
    fn responses() -> Listed {
        listed([(409, "It clashes with what is there already.")])
    }
}

impl IntoResponses for ReadProblems {
    fn responses() -> Listed {
        listed(COMMON.into_iter().chain(TENANT))
    }
}

impl IntoResponses for CreateProblems {
    fn responses() -> Listed {
        listed(COMMON.into_iter().chain(TENANT).chain(BODY).chain([CONFLICT]))
    }
}

impl IntoResponses for EditProblems {
    fn responses() -> Listed {
        listed(COMMON.into_iter().chain(TENANT).chain(BODY).chain([CONFLICT, PRECONDITION]))
    }
}

impl IntoResponses for DeleteProblems {
    fn responses() -> Listed {
        listed(COMMON.into_iter().chain(TENANT).chain([PRECONDITION]))
    }
}
