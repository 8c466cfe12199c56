//! Typed, prefixed identifiers: `lnk_0190b8f2…` outside, a UUIDv7 inside.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::schema::{ObjectBuilder, Schema};
use utoipa::openapi::{RefOr, Type};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

/// Why a text is not the identifier it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected an id that starts with \"{prefix}\" followed by 32 hexadecimal digits")]
pub struct ParseIdError {
    /// The prefix that this kind of identifier carries, with its underscore.
    pub prefix: &'static str,
}

macro_rules! typed_ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// The text that every identifier of this kind starts with.
            pub const PREFIX: &'static str = $prefix;

            /// A new identifier that sorts after those made in earlier milliseconds (RFC 9562, UUIDv7).
            #[must_use]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }

            /// Wraps the value that a database row or a click frame holds.
            #[must_use]
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The bare value, for a database column or a click frame.
            #[must_use]
            pub const fn as_uuid(self) -> Uuid {
                self.0
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::new()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, "{}{}", Self::PREFIX, self.0.simple())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, formatter)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                parse_hexadecimal(text.strip_prefix(Self::PREFIX))
                    .map(Self)
                    .ok_or(ParseIdError { prefix: Self::PREFIX })
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                id_schema(Self::PREFIX)
            }
        }

        impl ToSchema for $name {}
    )+};
}

/// Accepts exactly the form that `Display` writes, so that each id has one spelling.
fn parse_hexadecimal(digits: Option<&str>) -> Option<Uuid> {
    let digits = digits
        .filter(|digits| digits.len() == 32 && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')))?;
    Uuid::try_parse(digits).ok()
}

fn id_schema(prefix: &str) -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some(format!("^{prefix}[0-9a-f]{{32}}$")))
        .examples([format!("{prefix}01976a3e5d7c7f3a9b1c2d4e6f8a0b1c")])
        .into()
}

typed_ids! {
    /// A person who can sign in.
    UserId = "usr_";
    /// A signed-in session of a person.
    SessionId = "ses_";
    /// A workspace: the tenant that owns links, keys and clicks.
    WorkspaceId = "ws_";
    /// A host name that short links live on.
    DomainId = "dom_";
    /// A short link.
    LinkId = "lnk_";
    /// A label on links.
    TagId = "tag_";
    /// A place for links in which not everybody need see or change them.
    FolderId = "fld_";
    /// A change of links, of one or of many at once.
    LinkChangeId = "chg_";
    /// An edit of all links that a filter finds.
    BulkEditId = "bed_";
    /// Campaign parameters under a name.
    UtmTemplateId = "utm_";
    /// The filters of a page, under a name.
    ViewId = "viw_";
    /// A page of statistics that whoever has its address sees.
    ShareId = "shr_";
    /// What somebody said about a link.
    LinkCommentId = "cmt_";
    /// A time in which links are left as they are.
    FreezeWindowId = "frz_";
    /// A change of a link that needs a second person.
    ChangeRequestId = "crq_";
    /// An API key.
    ApiKeyId = "key_";
    /// A program that may ask people to act for them.
    OAuthClientId = "oac_";
    /// What a person lets a program do in a workspace.
    OAuthConsentId = "ocs_";
    /// One authorization of a program: a code, and the tokens that come of it.
    OAuthGrantId = "ogr_";
    /// An invitation to a workspace.
    InvitationId = "inv_";
    /// Who a person is to an identity provider.
    IdentityId = "idn_";
    /// A program that an identity provider gives tokens to. It is made of the issuer and its name there.
    ExternalClientId = "xcl_";
    /// Something that happened, as followers are told.
    EventId = "evt_";
    /// A row of the audit trail.
    AuditEventId = "aud_";
    /// Work that goes on after a response.
    JobId = "job_";
    /// An evidence export of the audit trail.
    EvidenceExportId = "evd_";
    /// A file of clicks.
    ClickExportId = "cex_";
    /// A report that comes by mail from time to time.
    ReportScheduleId = "rps_";
    /// A process that runs jobs, from its start to its end.
    WorkerId = "wrk_";
    /// A process that stores clicks from the bus, from its start to its end.
    IngesterId = "ing_";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_survives_its_own_text() {
        let id = LinkId::new();
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn an_id_of_another_kind_or_spelling_is_refused() {
        let id = LinkId::new().to_string();
        assert!(id.parse::<WorkspaceId>().is_err());
        assert!(id.to_uppercase().parse::<LinkId>().is_err());
        assert!("lnk_12".parse::<LinkId>().is_err());
    }
}
