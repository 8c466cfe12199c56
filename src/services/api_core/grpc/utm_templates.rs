//! `elido.v1.UtmTemplates`: campaign parameters under names, with the rights that credentials have over REST.
//!
//! Invariant: a call reaches a workspace only through [`access`].

use serde_json::json;
use tonic::{Request, Response, Status};

use super::callers::{Work, access, answer, origin_of};
use super::link_requests::{limit, read_body, utm};
use super::link_resolver::parsed;
use super::link_responses::{time, utm as utm_message};
use crate::domain::permission::{self, Operation};
use crate::http::pagination::QueryFingerprint;
use crate::infra::grpc::v1;
use crate::infra::grpc::v1::utm_templates_server::UtmTemplates;
use crate::services::api_core::rest::{page_of, requested_page};
use crate::services::api_core::{ApiCore, UtmTemplate};

/// The use cases of templates, which REST calls too.
pub(super) struct UtmTemplatesService(pub(super) ApiCore);

/// The message that says what a template is.
fn to_message(template: UtmTemplate) -> v1::UtmTemplate {
    v1::UtmTemplate {
        id: template.id.to_string(),
        name: template.name,
        utm: Some(utm_message(template.utm)),
        version: template.version,
        created_at: Some(time(template.created_at)),
        updated_at: Some(time(template.updated_at)),
    }
}

impl UtmTemplatesService {
    fn list(&self, request: Request<v1::ListUtmTemplatesRequest>) -> Work<'_, v1::ListUtmTemplatesResponse> {
        Box::pin(async move {
            let workspace = &request.get_ref().workspace_id;
            let access = access(&self.0, &request, workspace, &permission::ListUtmTemplates::PERMISSION).await?;
            let v1::ListUtmTemplatesRequest { limit: items, cursor, .. } = request.into_inner();
            let items = limit(items)?;
            let fingerprint = QueryFingerprint::of(&("utm templates over gRPC", access.workspace_id()));
            let page = requested_page(items, cursor.as_deref(), fingerprint)?;
            let found = self.0.list_utm_templates(&access, page).await?;
            let page = page_of(found, items, fingerprint, |item| (item.created_at, item.id.as_uuid())).0;
            let utm_templates = page.data.into_iter().map(to_message).collect();
            Ok(v1::ListUtmTemplatesResponse { utm_templates, next_cursor: page.next_cursor })
        })
    }

    fn create(&self, request: Request<v1::CreateUtmTemplateRequest>) -> Work<'_, v1::CreateUtmTemplateResponse> {
        Box::pin(async move {
            let workspace = &request.get_ref().workspace_id;
            let access = access(&self.0, &request, workspace, &permission::CreateUtmTemplate::PERMISSION).await?;
            let v1::CreateUtmTemplateRequest { name, utm: parameters, .. } = request.into_inner();
            let draft = read_body(&json!({ "name": name, "utm": utm(parameters.unwrap_or_default()) }))?;
            let template = self.0.create_utm_template(&access, draft).await?;
            Ok(v1::CreateUtmTemplateResponse { utm_template: Some(to_message(template)) })
        })
    }

    fn get(&self, request: Request<v1::GetUtmTemplateRequest>) -> Work<'_, v1::GetUtmTemplateResponse> {
        Box::pin(async move {
            let v1::GetUtmTemplateRequest { workspace_id, utm_template_id } = request.get_ref();
            let access = access(&self.0, &request, workspace_id, &permission::GetUtmTemplate::PERMISSION).await?;
            let template = self.0.find_utm_template(&access, parsed("utm_template_id", utm_template_id)?).await?;
            Ok(v1::GetUtmTemplateResponse { utm_template: Some(to_message(template)) })
        })
    }

    fn update(&self, request: Request<v1::UpdateUtmTemplateRequest>) -> Work<'_, v1::UpdateUtmTemplateResponse> {
        Box::pin(async move {
            let workspace = &request.get_ref().workspace_id;
            let access = access(&self.0, &request, workspace, &permission::UpdateUtmTemplate::PERMISSION).await?;
            let v1::UpdateUtmTemplateRequest { utm_template_id, version, name, utm: parameters, .. } =
                request.into_inner();
            let id = parsed("utm_template_id", &utm_template_id)?;
            let patch = read_body(&json!({ "name": name, "utm": parameters.map(utm) }))?;
            let template = self.0.update_utm_template(&access, id, &version, patch).await?;
            Ok(v1::UpdateUtmTemplateResponse { utm_template: Some(to_message(template)) })
        })
    }

    fn delete(&self, request: Request<v1::DeleteUtmTemplateRequest>) -> Work<'_, v1::DeleteUtmTemplateResponse> {
        Box::pin(async move {
            let v1::DeleteUtmTemplateRequest { workspace_id, utm_template_id, version } = request.get_ref();
            let access = access(&self.0, &request, workspace_id, &permission::DeleteUtmTemplate::PERMISSION).await?;
            self.0.delete_utm_template(&access, parsed("utm_template_id", utm_template_id)?, version).await?;
            Ok(v1::DeleteUtmTemplateResponse {})
        })
    }
}

#[tonic::async_trait]
impl UtmTemplates for UtmTemplatesService {
    async fn list_utm_templates(
        &self,
        request: Request<v1::ListUtmTemplatesRequest>,
    ) -> Result<Response<v1::ListUtmTemplatesResponse>, Status> {
        answer(origin_of(&request), self.list(request)).await
    }

    async fn create_utm_template(
        &self,
        request: Request<v1::CreateUtmTemplateRequest>,
    ) -> Result<Response<v1::CreateUtmTemplateResponse>, Status> {
        answer(origin_of(&request), self.create(request)).await
    }

    async fn get_utm_template(
        &self,
        request: Request<v1::GetUtmTemplateRequest>,
    ) -> Result<Response<v1::GetUtmTemplateResponse>, Status> {
        answer(origin_of(&request), self.get(request)).await
    }

    async fn update_utm_template(
        &self,
        request: Request<v1::UpdateUtmTemplateRequest>,
    ) -> Result<Response<v1::UpdateUtmTemplateResponse>, Status> {
        answer(origin_of(&request), self.update(request)).await
    }

    async fn delete_utm_template(
        &self,
        request: Request<v1::DeleteUtmTemplateRequest>,
    ) -> Result<Response<v1::DeleteUtmTemplateResponse>, Status> {
        answer(origin_of(&request), self.delete(request)).await
    }
}
