//! `elido.v1.Domains`: domains of workspaces, with the rights that credentials have over REST.
//!
//! Invariant: a call reaches a workspace only through [`access`].

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use tonic::{Request, Response, Status};

use super::callers::{Work, access, answer, origin_of};
use super::link_requests::{self, limit};
use super::link_resolver::parsed;
use super::link_responses::{self, time};
use crate::domain::custom_domain::{DomainState, Finding, RecordToSet};
use crate::domain::error::{Error, Result as DomainResult};
use crate::domain::permission::{self, Operation};
use crate::http::extract::parse_json;
use crate::http::pagination::QueryFingerprint;
use crate::infra::grpc::v1;
use crate::infra::grpc::v1::domains_server::Domains;
use crate::infra::grpc::v1::update_domain_request::HstsChange;
use crate::services::api_core::rest::{page_of, requested_page};
use crate::services::api_core::{ApiCore, Domain, DomainCertificate, DomainDeletion};

/// The use cases of domains, which REST calls too.
pub(super) struct DomainsService(pub(super) ApiCore);

/// What callers write, as the fields of the body that REST would have got. An empty text clears what may be absent.
fn to_fields(content: v1::DomainContent) -> DomainResult<Map<String, Value>> {
    let address = |url: Option<String>| url.map(|url| if url.is_empty() { Value::Null } else { url.into() });
    let apple = document("/apple_app_site_association", content.apple_app_site_association_json.as_deref())?;
    let fields = [
        ("case_sensitive", content.case_sensitive.map(Value::from)),
        ("unicode_slugs", content.unicode_slugs.map(Value::from)),
        ("suggests_slugs", content.suggests_slugs.map(Value::from)),
        ("default_redirect_status", content.default_redirect_status.map(Value::from)),
        ("utm", content.utm.map(link_requests::utm)),
        ("root_url", address(content.root_url)),
        ("not_found_url", address(content.not_found_url)),
        ("expired_url", address(content.expired_url)),
        ("robots", address(content.robots)),
        ("apple_app_site_association", apple),
        ("asset_links", document("/asset_links", content.asset_links_json.as_deref())?),
    ];
    Ok(fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect())
}

/// A file for apps, or null for an empty text.
fn document(pointer: &str, text: Option<&str>) -> DomainResult<Option<Value>> {
    let malformed = |error: serde_json::Error| Error::invalid_field(pointer, "malformed_json", error.to_string());
    let read =
        |text: &str| if text.is_empty() { Ok(Value::Null) } else { serde_json::from_str(text).map_err(malformed) };
    text.map(read).transpose()
}

/// The fields of an edit that say what browsers are told of TLS.
fn changed_hsts(change: Option<HstsChange>) -> Vec<(String, Value)> {
    match change {
        None | Some(HstsChange::ClearHsts(false)) => Vec::new(),
        Some(HstsChange::ClearHsts(true)) => hsts_fields(None),
        Some(HstsChange::Hsts(policy)) => hsts_fields(Some(policy)),
    }
}

fn hsts_fields(policy: Option<v1::Hsts>) -> Vec<(String, Value)> {
    let include_subdomains = policy.is_some_and(|policy| policy.include_subdomains);
    vec![
        ("hsts_max_age".to_owned(), json!(policy.map(|policy| policy.max_age))),
        ("hsts_include_subdomains".to_owned(), json!(include_subdomains)),
    ]
}

fn read<T: DeserializeOwned>(fields: &Map<String, Value>) -> DomainResult<T> {
    parse_json(&serde_json::to_vec(fields).map_err(Error::internal)?)
}

const fn state(state: DomainState) -> v1::DomainState {
    match state {
        DomainState::Pending => v1::DomainState::Pending,
        DomainState::Active => v1::DomainState::Active,
        DomainState::Quarantined => v1::DomainState::Quarantined,
    }
}

fn record(record: RecordToSet) -> v1::DomainDnsRecord {
    v1::DomainDnsRecord {
        purpose: link_responses::name(&record.purpose),
        name: record.name,
        r#type: link_responses::name(&record.record_type),
        value: record.value,
        status: link_responses::name(&record.status),
        found: record.found,
    }
}

fn finding(finding: Finding) -> v1::DomainFinding {
    v1::DomainFinding {
        code: link_responses::name(&finding.code),
        detail: finding.detail,
        since: Some(time(finding.since)),
    }
}

/// The message that says what a domain is.
fn to_message(domain: Domain) -> v1::Domain {
    v1::Domain {
        id: domain.id.to_string(),
        hostname: domain.hostname,
        display_name: domain.display_name,
        is_default: domain.is_default,
        url: domain.url,
        state: state(domain.state).into(),
        state_reason: link_responses::name(&domain.state_reason),
        state_since: Some(time(domain.state_since)),
        verified_at: domain.verified_at.map(time),
        records: domain.records.into_iter().map(record).collect(),
        last_check_at: domain.last_check_at.map(time),
        last_check_trouble: domain.last_check_trouble,
        next_check_at: domain.next_check_at.map(time),
        findings: domain.findings.into_iter().map(finding).collect(),
        case_sensitive: domain.case_sensitive,
        default_redirect_status: domain.default_redirect_status.as_u16().into(),
        utm: Some(link_responses::utm(domain.utm)),
        root_url: domain.root_url.map(|url| url.to_string()),
        not_found_url: domain.not_found_url.map(|url| url.to_string()),
        expired_url: domain.expired_url.map(|url| url.to_string()),
        robots: domain.robots,
        unicode_slugs: domain.unicode_slugs,
        suggests_slugs: domain.suggests_slugs,
        apple_app_site_association_json: domain.apple_app_site_association.map(|document| document.to_string()),
        asset_links_json: domain.asset_links.map(|document| document.to_string()),
        version: domain.version,
        created_at: Some(time(domain.created_at)),
        updated_at: Some(time(domain.updated_at)),
        hsts: domain
            .hsts_max_age
            .map(|max_age| v1::Hsts { max_age, include_subdomains: domain.hsts_include_subdomains }),
        certificate: domain.certificate.map(certificate),
    }
}

fn certificate(certificate: DomainCertificate) -> v1::DomainCertificate {
    v1::DomainCertificate {
        state: link_responses::name(&certificate.state),
        not_after: certificate.not_after.map(time),
        error: certificate.error,
    }
}

impl DomainsService {
    fn list(&self, request: Request<v1::ListDomainsRequest>) -> Work<'_, v1::ListDomainsResponse> {
        Box::pin(async move {
            let workspace = &request.get_ref().workspace_id;
            let access = access(&self.0, &request, workspace, &permission::ListDomains::PERMISSION).await?;
            let v1::ListDomainsRequest { limit: items, cursor, .. } = request.into_inner();
            let items = limit(items)?;
            let fingerprint = QueryFingerprint::of(&("domains over gRPC", access.workspace_id()));
            let page = requested_page(items, cursor.as_deref(), fingerprint)?;
            let found = self.0.list_domains(&access, page).await?;
            let page = page_of(found, items, fingerprint, |item| (item.created_at, item.id.as_uuid())).0;
            let domains = page.data.into_iter().map(to_message).collect();
            Ok(v1::ListDomainsResponse { domains, next_cursor: page.next_cursor })
        })
    }

    fn create(&self, request: Request<v1::CreateDomainRequest>) -> Work<'_, v1::CreateDomainResponse> {
        Box::pin(async move {
            let workspace = &request.get_ref().workspace_id;
            let access = access(&self.0, &request, workspace, &permission::CreateDomain::PERMISSION).await?;
            let v1::CreateDomainRequest { hostname, content, hsts, .. } = request.into_inner();
            let mut fields = to_fields(content.unwrap_or_default())?;
            fields.extend(hsts_fields(hsts));
            fields.insert("hostname".to_owned(), hostname.into());
            let domain = self.0.create_domain(&access, read(&fields)?).await?;
            Ok(v1::CreateDomainResponse { domain: Some(to_message(domain)) })
        })
    }

    fn get(&self, request: Request<v1::GetDomainRequest>) -> Work<'_, v1::GetDomainResponse> {
        Box::pin(async move {
            let v1::GetDomainRequest { workspace_id, domain_id } = request.get_ref();
            let access = access(&self.0, &request, workspace_id, &permission::GetDomain::PERMISSION).await?;
            let domain = self.0.find_domain(&access, parsed("domain_id", domain_id)?).await?;
            Ok(v1::GetDomainResponse { domain: Some(to_message(domain)) })
        })
    }

    fn update(&self, request: Request<v1::UpdateDomainRequest>) -> Work<'_, v1::UpdateDomainResponse> {
        Box::pin(async move {
            let workspace = &request.get_ref().workspace_id;
            let access = access(&self.0, &request, workspace, &permission::UpdateDomain::PERMISSION).await?;
            let v1::UpdateDomainRequest { domain_id, version, display_name, content, hsts_change, .. } =
                request.into_inner();
            let mut fields = to_fields(content.unwrap_or_default())?;
            fields.extend(changed_hsts(hsts_change));
            fields.extend(display_name.map(|name| ("display_name".to_owned(), name.into())));
            let updating = self.0.update_domain(&access, parsed("domain_id", &domain_id)?, &version, read(&fields)?);
            let domain = Box::pin(updating).await?;
            Ok(v1::UpdateDomainResponse { domain: Some(to_message(domain)) })
        })
    }

    fn delete(&self, request: Request<v1::DeleteDomainRequest>) -> Work<'_, v1::DeleteDomainResponse> {
        Box::pin(async move {
            let v1::DeleteDomainRequest { workspace_id, domain_id, version, delete_links, confirm_printed } =
                request.get_ref();
            let access = access(&self.0, &request, workspace_id, &permission::DeleteDomain::PERMISSION).await?;
            let deletion = DomainDeletion { with_links: *delete_links, confirm_printed: *confirm_printed };
            self.0.delete_domain(&access, parsed("domain_id", domain_id)?, version, deletion).await?;
            Ok(v1::DeleteDomainResponse {})
        })
    }

    fn verify(&self, request: Request<v1::VerifyDomainRequest>) -> Work<'_, v1::VerifyDomainResponse> {
        Box::pin(async move {
            let v1::VerifyDomainRequest { workspace_id, domain_id } = request.get_ref();
            let access = access(&self.0, &request, workspace_id, &permission::VerifyDomain::PERMISSION).await?;
            let domain = self.0.verify_domain(&access, parsed("domain_id", domain_id)?).await?;
            Ok(v1::VerifyDomainResponse { domain: Some(to_message(domain)) })
        })
    }
}

#[tonic::async_trait]
impl Domains for DomainsService {
    async fn list_domains(
        &self,
        request: Request<v1::ListDomainsRequest>,
    ) -> Result<Response<v1::ListDomainsResponse>, Status> {
        answer(origin_of(&request), self.list(request)).await
    }

    async fn create_domain(
        &self,
        request: Request<v1::CreateDomainRequest>,
    ) -> Result<Response<v1::CreateDomainResponse>, Status> {
        answer(origin_of(&request), self.create(request)).await
    }

    async fn get_domain(
        &self,
        request: Request<v1::GetDomainRequest>,
    ) -> Result<Response<v1::GetDomainResponse>, Status> {
        answer(origin_of(&request), self.get(request)).await
    }

    async fn update_domain(
        &self,
        request: Request<v1::UpdateDomainRequest>,
    ) -> Result<Response<v1::UpdateDomainResponse>, Status> {
        answer(origin_of(&request), self.update(request)).await
    }

    async fn delete_domain(
        &self,
        request: Request<v1::DeleteDomainRequest>,
    ) -> Result<Response<v1::DeleteDomainResponse>, Status> {
        answer(origin_of(&request), self.delete(request)).await
    }

    async fn verify_domain(
        &self,
        request: Request<v1::VerifyDomainRequest>,
    ) -> Result<Response<v1::VerifyDomainResponse>, Status> {
        answer(origin_of(&request), self.verify(request)).await
    }
}
