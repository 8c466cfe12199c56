//! How every method of the gRPC services is called, so that it answers what it would do and does no harm to those that are called after it.
//!
//! Invariants: the methods are those that the server describes; ids are filled in by their names, so that a new method only needs an entry
//! here where it asks for more, and fails the tests until it has that.

use std::collections::BTreeMap;

use bytes::{Buf, BufMut};
use elido::domain::permission::{Caller, TABLE, of_operation};
use elido::infra::grpc::{FILE_DESCRIPTORS, v1};
use http::uri::PathAndQuery;
use prost::Message;
use prost_types::field_descriptor_proto::Type;
use prost_types::{DescriptorProto, FieldDescriptorProto, FieldMask, FileDescriptorSet, Timestamp};
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::metadata::MetadataValue;
use tonic::transport::Channel;
use tonic::{Request, Response, Status};

use super::requests::nobody;
use crate::support::platform::PASSWORD;

/// The beginning of the year 2999, in seconds.
const YEAR_2999: i64 = 32_472_144_000;

/// One method.
pub struct Method {
    /// Such as `Links/GetLink`.
    pub name: String,
    /// Whether it answers in pieces.
    pub is_stream: bool,
    /// What it is asked with.
    pub request: DescriptorProto,
}

/// Every message that the server describes, by the name with which fields refer to it.
pub fn messages() -> BTreeMap<String, DescriptorProto> {
    let files = FileDescriptorSet::decode(FILE_DESCRIPTORS).expect("a description").file;
    let of_file = |file: prost_types::FileDescriptorProto| {
        let package = file.package().to_owned();
        file.message_type.into_iter().map(move |message| (format!(".{package}.{}", message.name()), message))
    };
    files.into_iter().flat_map(of_file).collect()
}

/// Every method of Elido's services.
pub fn methods() -> Vec<Method> {
    let files = FileDescriptorSet::decode(FILE_DESCRIPTORS).expect("a description").file;
    let messages: Vec<_> = files.iter().flat_map(|file| file.message_type.iter()).collect();
    let services = files.iter().filter(|file| file.package() == "elido.v1").flat_map(|file| file.service.iter());
    let of_service = |service: &prost_types::ServiceDescriptorProto| {
        let methods = service.method.iter().map(|method| {
            let name = method.input_type().trim_start_matches(".elido.v1.");
            let request = messages.iter().find(|message| message.name() == name).expect("its request");
            Method {
                name: format!("{}/{}", service.name(), method.name()),
                is_stream: method.server_streaming(),
                request: (*request).clone(),
            }
        });
        methods.collect::<Vec<_>>()
    };
    services.flat_map(of_service).collect()
}

impl Method {
    /// Who may call it, as the table says of the same operation over REST.
    pub fn caller(&self) -> Caller {
        let (service, name) = self.name.split_once('/').expect("a service");
        let operation = match self.name.as_str() {
            // Its callers are edges, with a certificate.
            _ if service == "LinkResolver" => return Caller::Anyone,
            "Links/FindLink" => "look_up_link",
            "Links/DrawQrCode" => "draw_link_qr_code",
            "LinkExplanations/ExplainLink" => "resolve_link",
            "LinkExplanations/ExplainDraft" => "resolve_draft",
            "Events/Follow" => "list_events",
            "Audit/VerifyAuditHead" => "list_audit_events",
            _ => {
                let plain = |id: &str| id.replace('_', "").to_lowercase();
                let alike = TABLE.iter().find(|permission| plain(permission.operation) == plain(name));
                alike.unwrap_or_else(|| panic!("which operation is {}?", self.name)).operation
            }
        };
        of_operation(operation).expect("it is in the table").caller
    }

    /// The names of the ids that it takes besides those of workspaces.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.request
            .field
            .iter()
            .filter(|field| is_id(field))
            .map(FieldDescriptorProto::name)
            .filter(|name| !name.ends_with("workspace_id"))
    }

    /// A message that is in order, about this workspace and these ids.
    pub fn message(&self, workspace: &str, id: impl Fn(&str) -> String) -> Vec<u8> {
        let mut message = self.addressed(workspace, id);
        // What comes later in a message is added to what came before.
        message.extend(self.content());
        message
    }

    /// A message about this workspace and these ids, without what shall be done with them.
    pub fn addressed(&self, workspace: &str, id: impl Fn(&str) -> String) -> Vec<u8> {
        let mut message = Vec::new();
        for field in self.request.field.iter().filter(|field| is_id(field)) {
            let value = if field.name().ends_with("workspace_id") { workspace.to_owned() } else { id(field.name()) };
            prost::encoding::string::encode(tag(field), &value, &mut message);
        }
        message
    }

    /// What it needs besides ids, so that it can be done.
    pub fn content(&self) -> Vec<u8> {
        content(&self.name)
    }

    /// Calls it. Of a stream only whether it begins is looked at.
    pub async fn call(&self, channel: &Channel, message: Vec<u8>, token: Option<&str>) -> Result<Vec<u8>, Status> {
        let mut request = Request::new(message);
        if let Some(token) = token {
            let credential = MetadataValue::try_from(format!("Bearer {token}")).expect("a header");
            request.metadata_mut().insert("authorization", credential);
        }
        let path = PathAndQuery::try_from(format!("/elido.v1.{}", self.name)).expect("a path");
        let mut grpc = Grpc::new(channel.clone());
        grpc.ready().await.expect("a connection");
        if self.is_stream {
            return grpc.server_streaming(request, path, Raw).await.map(|_| Vec::new());
        }
        grpc.unary(request, path, Raw).await.map(Response::into_inner)
    }
}

/// Whether a field names something that has to be there. The trails of workspaces and of the instance are told apart by whether one is named.
fn is_id(field: &FieldDescriptorProto) -> bool {
    let is_named_so = field.name().ends_with("_id") || field.name() == "consumer";
    let is_needed = !field.proto3_optional() || field.name() == "workspace_id";
    field.r#type() == Type::String && is_named_so && is_needed
}

/// The number of a field.
pub fn tag(field: &FieldDescriptorProto) -> u32 {
    u32::try_from(field.number()).expect("a number")
}

/// What a method needs besides ids.
fn content(method: &str) -> Vec<u8> {
    let name = || uuid::Uuid::new_v4().simple().to_string();
    let scopes = || vec!["links:read".to_owned()];
    let test = || "Test".to_owned();
    let token = || format!("invitation_{}", "A".repeat(43));
    let link = || {
        let destination_url = Some("https://example.com/".to_owned());
        Some(v1::LinkContent { destination_url, title: Some(test()), ..Default::default() })
    };
    match method {
        "ApiKeys/CreateApiKey" => {
            encoded(v1::CreateApiKeyRequest { name: test(), scopes: scopes(), ..Default::default() })
        }
        "ReportSchedules/CreateReportSchedule" => {
            let every = v1::ReportInterval::Week.into();
            encoded(v1::CreateReportScheduleRequest { name: test(), every, ..Default::default() })
        }
        "ApiKeys/UpdateApiKey" => encoded(v1::UpdateApiKeyRequest { name: Some(test()), ..Default::default() }),
        "Links/PutLinkByExternalId" => {
            encoded(v1::PutLinkByExternalIdRequest { content: link(), ..Default::default() })
        }
        "Domains/CreateDomain" => {
            encoded(v1::CreateDomainRequest { hostname: format!("d{}.example", name()), ..Default::default() })
        }
        "EventConsumers/RetryEventFailure" => {
            encoded(v1::RetryEventFailureRequest { sequence: 1, ..Default::default() })
        }
        "EventConsumers/DiscardEventFailure" => {
            encoded(v1::DiscardEventFailureRequest { sequence: 1, ..Default::default() })
        }
        "LinkResolver/ResolveDomain" => encoded(v1::ResolveDomainRequest { hostname: "localhost".to_owned() }),
        "LinkResolver/ResolveCertificate" => {
            encoded(v1::ResolveCertificateRequest { hostname: "localhost".to_owned() })
        }
        "LinkResolver/ResolveLink" => encoded(v1::ResolveLinkRequest { slug: test(), ..Default::default() }),
        "LinkResolver/ResolveChallenge" => {
            let question = Some(v1::resolve_challenge_request::Question::Token(test()));
            encoded(v1::ResolveChallengeRequest { question })
        }
        "LinkResolver/ListNames" => encoded(v1::ListNamesRequest { key: vec![0; 16] }),
        "Links/CreateLink" => encoded(v1::CreateLinkRequest { content: link(), ..Default::default() }),
        "Links/FindLink" => {
            encoded(v1::FindLinkRequest { domain: "localhost".to_owned(), slug: test(), ..Default::default() })
        }
        "Links/UpdateLink" => {
            let update_mask = Some(FieldMask { paths: vec!["title".to_owned()] });
            encoded(v1::UpdateLinkRequest { content: link(), update_mask, ..Default::default() })
        }
        "OauthClients/CreateOauthClient" => encoded(v1::CreateOauthClientRequest {
            name: test(),
            redirect_uris: vec!["https://example.com/callback".to_owned()],
            scopes: scopes(),
            ..Default::default()
        }),
        "OauthClients/UpdateOauthClient" => {
            encoded(v1::UpdateOauthClientRequest { name: Some(test()), ..Default::default() })
        }
        "OfferedInvitations/ShowInvitation" => encoded(v1::ShowInvitationRequest { token: token() }),
        "OfferedInvitations/AcceptInvitation" => {
            let (name, password) = (Some(test()), Some(PASSWORD.to_owned()));
            encoded(v1::AcceptInvitationRequest { token: token(), name, password })
        }
        "Workspaces/CreateWorkspace" => {
            encoded(v1::CreateWorkspaceRequest { name: test(), slug: format!("w{}", name()) })
        }
        "Workspaces/UpdateWorkspace" => {
            encoded(v1::UpdateWorkspaceRequest { name: Some(test()), ..Default::default() })
        }
        // No workspace has so many versions.
        "Workspaces/DeleteWorkspace" => {
            encoded(v1::DeleteWorkspaceRequest { version: Some(999_999), ..Default::default() })
        }
        "Workspaces/UpdateMember" => {
            encoded(v1::UpdateMemberRequest { role: v1::Role::Viewer.into(), ..Default::default() })
        }
        "Workspaces/CreateInvitation" => encoded(v1::CreateInvitationRequest {
            email: format!("{}@example.com", name()),
            role: v1::Role::Viewer.into(),
            ..Default::default()
        }),
        _ => content_around_links(method),
    }
}

/// The same for what is made around links.
fn content_around_links(method: &str) -> Vec<u8> {
    let name = || uuid::Uuid::new_v4().simple().to_string();
    let test = || "Test".to_owned();
    match method {
        "BulkEdits/BulkEditLinks" => {
            let changes = Some(v1::BulkEditChanges { archived: Some(false), ..Default::default() });
            encoded(v1::BulkEditLinksRequest { changes, dry_run: true, ..Default::default() })
        }
        "Folders/CreateFolder" => encoded(v1::CreateFolderRequest { name: name(), ..Default::default() }),
        "Folders/UpdateFolder" => encoded(v1::UpdateFolderRequest { name: Some(name()), ..Default::default() }),
        "Folders/UpdateFolderAccess" => {
            let access = v1::FolderAccess::View.into();
            encoded(v1::UpdateFolderAccessRequest { access, ..Default::default() })
        }
        "Tags/CreateTag" => encoded(v1::CreateTagRequest { name: name(), ..Default::default() }),
        "Tags/UpdateTag" => encoded(v1::UpdateTagRequest { name: Some(name()), ..Default::default() }),
        "LinkBatches/CreateLinks" => {
            let destination_url = Some("https://example.com/".to_owned());
            let content = Some(Box::new(v1::LinkContent { destination_url, ..Default::default() }));
            let links = vec![v1::NewLink { content, ..Default::default() }];
            encoded(v1::CreateLinksRequest { links, ..Default::default() })
        }
        "LinkBatches/UpdateLinks" => {
            let update_mask = Some(FieldMask { paths: vec!["title".to_owned()] });
            let links = vec![v1::LinkEdit { link_id: nobody("link_id"), update_mask, ..Default::default() }];
            encoded(v1::UpdateLinksRequest { links, ..Default::default() })
        }
        "LinkBatches/DeleteLinks" => {
            encoded(v1::DeleteLinksRequest { link_ids: vec![nobody("link_id")], ..Default::default() })
        }
        "FreezeWindows/CreateFreezeWindow" => {
            let at = |days: i64| Some(Timestamp { seconds: YEAR_2999 + days * 86_400, nanos: 0 });
            let (starts_at, ends_at) = (at(0), at(1));
            encoded(v1::CreateFreezeWindowRequest { reason: test(), starts_at, ends_at, ..Default::default() })
        }
        "FreezeWindows/UpdateFreezeWindow" => {
            encoded(v1::UpdateFreezeWindowRequest { reason: Some(test()), ..Default::default() })
        }
        "LinkApprovals/RequestLinkChange" => {
            encoded(v1::RequestLinkChangeRequest { delete: true, ..Default::default() })
        }
        "LinkComments/CreateLinkComment" => {
            encoded(v1::CreateLinkCommentRequest { text: test(), ..Default::default() })
        }
        "LinkComments/UpdateLinkComment" => {
            encoded(v1::UpdateLinkCommentRequest { text: test(), ..Default::default() })
        }
        "LinkExplanations/ExplainDraft" => {
            let destination_url = Some("https://example.com/".to_owned());
            let content = Some(v1::LinkContent { destination_url, ..Default::default() });
            let at = Some(Timestamp { seconds: YEAR_2999, nanos: 0 });
            let visitor = Some(v1::DescribedVisitor { at, ..Default::default() });
            encoded(v1::ExplainDraftRequest { content, visitor, ..Default::default() })
        }
        "LinkHistory/RevertLink" => encoded(v1::RevertLinkRequest { version: 1, ..Default::default() }),
        "UtmTemplates/CreateUtmTemplate" => {
            encoded(v1::CreateUtmTemplateRequest { name: name(), ..Default::default() })
        }
        "UtmTemplates/UpdateUtmTemplate" => {
            encoded(v1::UpdateUtmTemplateRequest { name: Some(name()), ..Default::default() })
        }
        _ => Vec::new(),
    }
}

fn encoded(message: impl Message) -> Vec<u8> {
    message.encode_to_vec()
}

/// Messages as bytes.
struct Raw;

impl Codec for Raw {
    type Encode = Vec<u8>;
    type Decode = Vec<u8>;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, item: Vec<u8>, into: &mut EncodeBuf<'_>) -> Result<(), Status> {
        into.put_slice(&item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
        let mut item = vec![0; from.remaining()];
        from.copy_to_slice(&mut item);
        Ok(Some(item))
    }
}
