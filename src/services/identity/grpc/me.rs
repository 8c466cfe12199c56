//! `elido.v1.Me`: whoever asks, and their sessions.

use tonic::{Request, Response, Status};

use crate::domain::role::Scope;
use crate::http::pagination::QueryFingerprint;
use crate::infra::grpc::v1;
use crate::infra::grpc::v1::me_server::Me;
use crate::services::api_core::grpc::{Work, answer, limit, origin_of, parsed, principal, time};
use crate::services::api_core::rest::{page_of, requested_page};
use crate::services::api_core::{ForeignHolder, ForeignToken, Principal};
use crate::services::identity::{Identity, Person, Session};

/// The use cases of a person's own account, which REST calls too.
pub(super) struct MeService(pub(super) Identity);

impl MeService {
    fn do_get(&self, request: Request<v1::GetMeRequest>) -> Work<'_, v1::GetMeResponse> {
        Box::pin(async move {
            let nobody = v1::GetMeResponse::default();
            Ok(match principal(&self.0.core, &request).await? {
                Principal::Person { user_id, session_id, .. } => {
                    let person = Some(to_person(self.0.find_person(user_id).await?));
                    v1::GetMeResponse { person, session_id: Some(session_id.to_string()), ..nobody }
                }
                Principal::ApiKey { key_id, workspace_id, scopes, .. } => v1::GetMeResponse {
                    api_key_id: Some(key_id.to_string()),
                    workspace_id: Some(workspace_id.to_string()),
                    scopes: written(&scopes),
                    ..nobody
                },
                Principal::Application { client_id, user_id, workspace_id, scopes, .. } => v1::GetMeResponse {
                    person: Some(to_person(self.0.find_person(user_id).await?)),
                    client_id: Some(client_id.to_string()),
                    workspace_id: Some(workspace_id.to_string()),
                    scopes: written(&scopes),
                    ..nobody
                },
                Principal::Foreign(ForeignToken { holder, scopes, .. }) => {
                    let scopes = written(&scopes);
                    match holder {
                        ForeignHolder::Person(user_id) => {
                            let person = Some(to_person(self.0.find_person(user_id).await?));
                            v1::GetMeResponse { person, scopes, ..nobody }
                        }
                        ForeignHolder::Client { id, workspace_id } => {
                            let workspace_id = Some(workspace_id.to_string());
                            v1::GetMeResponse { client_id: Some(id.to_string()), workspace_id, scopes, ..nobody }
                        }
                    }
                }
            })
        })
    }

    fn do_list(&self, request: Request<v1::ListSessionsRequest>) -> Work<'_, v1::ListSessionsResponse> {
        Box::pin(async move {
            let (person, session) = principal(&self.0.core, &request).await?.session()?;
            let v1::ListSessionsRequest { limit: items, cursor } = request.into_inner();
            let items = limit(items)?;
            let fingerprint = QueryFingerprint::of(&("sessions over gRPC", person));
            let page = requested_page(items, cursor.as_deref(), fingerprint)?;
            let sessions = self.0.list_sessions(person, session, page).await?;
            let page = page_of(sessions, items, fingerprint, |item| (item.created_at, item.id.as_uuid())).0;
            let sessions = page.data.into_iter().map(to_session).collect();
            Ok(v1::ListSessionsResponse { sessions, next_cursor: page.next_cursor })
        })
    }

    fn do_end(&self, request: Request<v1::EndSessionRequest>) -> Work<'_, v1::EndSessionResponse> {
        Box::pin(async move {
            let (person, current) = principal(&self.0.core, &request).await?.session()?;
            self.0.end_session(person, current, parsed("session_id", &request.get_ref().session_id)?).await?;
            Ok(v1::EndSessionResponse {})
        })
    }

    fn do_end_others(&self, request: Request<v1::EndOtherSessionsRequest>) -> Work<'_, v1::EndOtherSessionsResponse> {
        Box::pin(async move {
            let (person, current) = principal(&self.0.core, &request).await?.session()?;
            self.0.end_other_sessions(person, current).await?;
            Ok(v1::EndOtherSessionsResponse {})
        })
    }
}

fn written(scopes: &[Scope]) -> Vec<String> {
    scopes.iter().map(|scope| scope.as_str().to_owned()).collect()
}

fn to_person(person: Person) -> v1::Person {
    v1::Person {
        id: person.id.to_string(),
        email: person.email,
        email_verified: person.email_verified,
        name: person.name,
        is_admin: person.is_admin,
        created_at: Some(time(person.created_at)),
    }
}

fn to_session(session: Session) -> v1::Session {
    v1::Session {
        id: session.id.to_string(),
        is_current: session.is_current,
        address: session.address,
        user_agent: session.user_agent,
        provider: session.provider,
        created_at: Some(time(session.created_at)),
        last_used_at: Some(time(session.last_used_at)),
        expires_at: Some(time(session.expires_at)),
    }
}

#[tonic::async_trait]
impl Me for MeService {
    async fn get_me(&self, request: Request<v1::GetMeRequest>) -> Result<Response<v1::GetMeResponse>, Status> {
        answer(origin_of(&request), self.do_get(request)).await
    }

    async fn list_sessions(
        &self,
        request: Request<v1::ListSessionsRequest>,
    ) -> Result<Response<v1::ListSessionsResponse>, Status> {
        answer(origin_of(&request), self.do_list(request)).await
    }

    async fn end_session(
        &self,
        request: Request<v1::EndSessionRequest>,
    ) -> Result<Response<v1::EndSessionResponse>, Status> {
        answer(origin_of(&request), self.do_end(request)).await
    }

    async fn end_other_sessions(
        &self,
        request: Request<v1::EndOtherSessionsRequest>,
    ) -> Result<Response<v1::EndOtherSessionsResponse>, Status> {
        answer(origin_of(&request), self.do_end_others(request)).await
    }
}
