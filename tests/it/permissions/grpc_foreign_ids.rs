//! Ids of another workspace in the messages of gRPC, at whatever depth: they are answered as ids that nothing has.
//!
//! Invariant: the fields are those of the descriptions that the server sends, so that a new one is tried without an entry here.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use elido::domain::permission::Caller;
use elido::infra::grpc::v1;
use prost::Message;
use prost::encoding::{WireType, encode_key, encode_varint, string};
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, FieldDescriptorProto, FieldMask};
use tonic::Code;
use tonic::transport::Channel;
use tonic_types::StatusExt;

use super::calls::{Method, messages, methods, tag};
use super::foreign_ids::{Own, Pair, state, stranger, targets};
use super::requests::nobody;
use crate::support::platform::Platform;

/// Further messages than these inside one another are not gone into.
const DEPTH_MAX: usize = 6;

/// The fields from a message down to one of its ids, which is the last.
type Place = Vec<FieldDescriptorProto>;

/// What an id of this name is tried with. Lists and what workspaces are moved to have names of their own.
fn pair<'a>(pairs: &'a BTreeMap<String, Pair>, field: &FieldDescriptorProto) -> Option<&'a Pair> {
    match field.name() {
        "to_workspace_id" => pairs.get("workspace_id"),
        "link_ids" => pairs.get("ids"),
        // Nobody is asked in the name of a workspace that is not theirs: what that is answered is tried for every method elsewhere.
        "workspace_id" => None,
        name => pairs.get(name),
    }
}

/// Where a message names something.
fn places(
    messages: &BTreeMap<String, DescriptorProto>,
    pairs: &BTreeMap<String, Pair>,
    message: &DescriptorProto,
    above: &[FieldDescriptorProto],
) -> Vec<Place> {
    let mut found = Vec::new();
    for field in &message.field {
        let place = [above, std::slice::from_ref(field)].concat();
        match field.r#type() {
            Type::String if pair(pairs, field).is_some() => found.push(place),
            Type::Message if place.len() < DEPTH_MAX => {
                found.extend(places(messages, pairs, &messages[field.type_name()], &place));
            }
            _ => {}
        }
    }
    found
}

/// What is added to a message of this kind so that it has the value at the place, and names what it changes where it has to.
fn addition(
    messages: &BTreeMap<String, DescriptorProto>,
    method: &Method,
    message: &DescriptorProto,
    own: &Own,
    place: &[FieldDescriptorProto],
    value: &str,
) -> Vec<u8> {
    let mut added = Vec::new();
    let (field, below) = place.split_first().expect("a field");
    let Some(leaf) = below.last() else {
        let mut named = Vec::new();
        string::encode(tag(field), &value.to_owned(), &mut named);
        return named;
    };
    let inner = addition(messages, method, &messages[field.type_name()], own, below, value);
    if let Some(mask) = message.field.iter().find(|field| field.name() == "update_mask") {
        lay(mask, &FieldMask { paths: vec![leaf.name().to_owned()] }.encode_to_vec(), &mut added);
    }
    let is_list = field.label() == Label::Repeated;
    let item = if is_list { item_of(&method.name, own) } else { Vec::new() };
    lay(field, &[item, inner].concat(), &mut added);
    added
}

/// A message in a field of another.
fn lay(field: &FieldDescriptorProto, inner: &[u8], into: &mut Vec<u8>) {
    encode_key(tag(field), WireType::LengthDelimited, into);
    encode_varint(inner.len() as u64, into);
    into.extend_from_slice(inner);
}

/// An item of the list that a method asks for, in which only the id is wanting or wrong.
fn item_of(method: &str, own: &Own) -> Vec<u8> {
    let content = |content: v1::LinkContent| Some(Box::new(content));
    match method {
        "LinkBatches/CreateLinks" => {
            let destination_url = Some("https://example.com/".to_owned());
            let content = content(v1::LinkContent { destination_url, ..Default::default() });
            v1::NewLink { content, ..Default::default() }.encode_to_vec()
        }
        "LinkBatches/UpdateLinks" => {
            let content = content(v1::LinkContent { title: Some("Changed".to_owned()), ..Default::default() });
            let update_mask = Some(FieldMask { paths: vec!["title".to_owned()] });
            let link_id = own.ids["link_id"].clone();
            v1::LinkEdit { link_id, content, update_mask, ..Default::default() }.encode_to_vec()
        }
        "Folders/UpdateFolderAccess" => {
            v1::FolderMember { access: v1::FolderAccess::View.into(), ..Default::default() }.encode_to_vec()
        }
        _ => Vec::new(),
    }
}

/// A message about what the attacker has, which fails for nothing but the id that is added to it.
fn base(method: &Method, own: &Own) -> Vec<u8> {
    let id = |name: &str| match (method.name.as_str(), name) {
        ("LinkApprovals/RequestLinkChange", "link_id") => own.guarded_link.clone(),
        ("LinkHistory/RestoreLink", "link_id") => own.ids["deleted_link_id"].clone(),
        _ => own.ids.get(name).cloned().unwrap_or_else(|| nobody(name)),
    };
    [method.addressed(&own.account.workspace, id), content(method, own)].concat()
}

/// What the message says besides ids: a batch has the one item that is tried.
fn content(method: &Method, own: &Own) -> Vec<u8> {
    match method.name.as_str() {
        "LinkApprovals/RequestLinkChange" => {
            let content = Some(v1::LinkContent { title: Some("Changed".to_owned()), ..Default::default() });
            let update_mask = Some(FieldMask { paths: vec!["title".to_owned()] });
            v1::RequestLinkChangeRequest { content, update_mask, ..Default::default() }.encode_to_vec()
        }
        "Links/MoveLink" => {
            let to_workspace_id = own.elsewhere.clone();
            v1::MoveLinkRequest { to_workspace_id, ..Default::default() }.encode_to_vec()
        }
        name if name.starts_with("LinkBatches/") => Vec::new(),
        _ => method.content(),
    }
}

/// The answer as far as it has to be the same: why it was refused, or how long it is, because ids of all kinds are of one length.
async fn answer(
    channel: &Channel,
    method: &Method,
    own: &Own,
    message: Vec<u8>,
    asked_with: &str,
) -> Result<usize, (Code, String, String)> {
    match method.call(channel, message, Some(&own.account.token)).await {
        Ok(answer) => Ok(answer.len()),
        Err(status) => {
            let violations = format!("{:?}", status.get_error_details().bad_request());
            let plain = |text: &str| text.replace(asked_with, "ASKED");
            Err((status.code(), plain(status.message()), plain(&violations)))
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_of_another_workspace_are_worth_as_little_as_those_of_nothing_wherever_a_message_has_them() {
    let platform = Platform::start_with(|config| config.identity.open_registration = true).await;
    let theirs = platform.account().await;
    let pairs = targets(&platform, &theirs).await;
    let own = stranger(&platform).await;
    let before = state(&platform, &theirs).await;
    let messages = messages();
    let channel = Channel::from_shared(platform.grpc()).expect("an address").connect().await.expect("a connection");
    let (mut tried, mut nested, mut wrong) = (0, 0, String::new());
    for method in methods().iter().filter(|method| matches!(method.caller(), Caller::Member(_)) && !method.is_stream) {
        for place in places(&messages, &pairs, &method.request, &[]) {
            let pair = pair(&pairs, place.last().expect("a field")).expect("something to try");
            let asked = async |id: &str| {
                let added = addition(&messages, method, &method.request, &own, &place, id);
                answer(&channel, method, &own, [base(method, &own), added].concat(), id).await
            };
            let (with_theirs, with_nothing) = (asked(&pair.theirs).await, asked(&pair.nothing).await);
            let is_broken =
                with_theirs.as_ref().is_err_and(|(code, ..)| matches!(code, Code::Internal | Code::Unknown));
            if with_theirs != with_nothing || is_broken {
                let path: Vec<_> = place.iter().map(FieldDescriptorProto::name).collect();
                writeln!(
                    wrong,
                    "{} {}:\n  theirs  {with_theirs:?}\n  nothing {with_nothing:?}",
                    method.name,
                    path.join(".")
                )
                .expect("written");
            }
            tried += 1;
            nested += usize::from(place.len() > 1);
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(tried > 60 && nested > 8, "{tried} places, {nested} of them inside others");
    assert_eq!(state(&platform, &theirs).await, before, "theirs is untouched");
}
