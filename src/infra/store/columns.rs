//! How values of the domain become columns. Both databases keep ids as UUIDs, times as microseconds, and lists as JSON text.
//!
//! Invariant: a value that does not read back as what it should be is an error, never a default.

use sea_orm::sea_query::{ArrayType, ColumnType, Nullable, ValueType, ValueTypeErr};
use sea_orm::{ColIdx, DbErr, QueryResult, TryFromU64, TryGetError, TryGetable, Value};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::domain::audit::ChainHash;
use crate::domain::bulk_edit::BulkEditState;
use crate::domain::certificate::CertificateState;
use crate::domain::change_request::{ChangeRequestAction, ChangeRequestState};
use crate::domain::click_export::{ClickExportState, ExportFormat};
use crate::domain::click_policy::VisitorAddresses;
use crate::domain::custom_domain::{DomainState, StateReason};
use crate::domain::evidence::EvidenceState;
use crate::domain::folder::FolderAccess;
use crate::domain::id::{
    ApiKeyId, AuditEventId, BulkEditId, ChangeRequestId, ClickExportId, DomainId, EventId, EvidenceExportId, FolderId,
    FreezeWindowId, IdentityId, IngesterId, InvitationId, JobId, LinkChangeId, LinkCommentId, LinkId, OAuthClientId,
    OAuthConsentId, OAuthGrantId, ReportScheduleId, SessionId, ShareId, TagId, UserId, UtmTemplateId, ViewId, WorkerId,
    WorkspaceId,
};
use crate::domain::job::{JobState, Priority};
use crate::domain::link::{ForwardQuery, RedirectStatus};
use crate::domain::link_version::LinkVersionAction;
use crate::domain::mail_token::MailTokenPurpose;
use crate::domain::oauth::OAuthTokenKind;
use crate::domain::recorded::{Author, Chain};
use crate::domain::report_schedule::ReportInterval;
use crate::domain::role::Role;
use crate::domain::time::Timestamp;
use crate::domain::url::Destination;
use crate::domain::view::ViewPage;

/// A value that is kept as JSON text. Text, because PostgreSQL's own JSON type refuses some strings that are valid JSON.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Json<T>(pub T);

/// Keeps `$type` in a column of type `$column`, by the two functions given.
macro_rules! column {
    (impl[$($generic:tt)*] $type:ty as $column:ty, $column_type:ident, $array_type:ident, $to:expr, $from:expr) => {
        impl<$($generic)*> From<$type> for Value {
            fn from(value: $type) -> Self {
                let to: fn(&$type) -> $column = $to;
                to(&value).into()
            }
        }

        impl<$($generic)*> TryGetable for $type {
            fn try_get_by<I: ColIdx>(row: &QueryResult, index: I) -> Result<Self, TryGetError> {
                let from: fn($column) -> Option<$type> = $from;
                let column = <$column>::try_get_by(row, index)?;
                from(column).ok_or_else(|| DbErr::Type(format!("not a {}", stringify!($type))).into())
            }
        }

        impl<$($generic)*> ValueType for $type {
            fn try_from(value: Value) -> Result<Self, ValueTypeErr> {
                let from: fn($column) -> Option<$type> = $from;
                from(<$column as ValueType>::try_from(value)?).ok_or(ValueTypeErr)
            }

            fn type_name() -> String {
                stringify!($type).to_owned()
            }

            fn array_type() -> ArrayType {
                ArrayType::$array_type
            }

            fn column_type() -> ColumnType {
                ColumnType::$column_type
            }
        }

        impl<$($generic)*> Nullable for $type {
            fn null() -> Value {
                <$column as Nullable>::null()
            }
        }
    };
}

/// Keeps a typed id as a UUID that no database ever makes up.
macro_rules! id_columns {
    ($($type:ty),+) => {$(
        column!(impl[] $type as Uuid, Uuid, Uuid, |id| id.as_uuid(), |uuid| Some(<$type>::from_uuid(uuid)));

        impl TryFromU64 for $type {
            fn try_from_u64(_: u64) -> Result<Self, DbErr> {
                Err(DbErr::ConvertFromU64(stringify!($type)))
            }
        }
    )+};
}

id_columns!(
    ApiKeyId,
    AuditEventId,
    BulkEditId,
    ChangeRequestId,
    ClickExportId,
    Chain,
    DomainId,
    EventId,
    EvidenceExportId,
    FolderId,
    FreezeWindowId,
    IdentityId,
    IngesterId,
    InvitationId,
    JobId,
    LinkChangeId,
    LinkCommentId,
    LinkId,
    OAuthClientId,
    OAuthConsentId,
    OAuthGrantId,
    ReportScheduleId,
    SessionId,
    ShareId,
    TagId,
    UserId,
    UtmTemplateId,
    ViewId,
    WorkerId,
    WorkspaceId
);
column!(impl[] Timestamp as i64, BigInteger, BigInt, |time| time.as_micros(), |micros| Some(Timestamp::from_micros(micros)));
column!(impl[] Destination as String, Text, String, |url| url.as_str().to_owned(), |text| Destination::parse(&text).ok());
column!(impl[] Author as String, Text, String, |author| author.to_string(), |text| text.parse().ok());
column!(impl[] ChainHash as Vec<u8>, Blob, Bytes, |hash| hash.as_bytes().to_vec(), |bytes| ChainHash::from_bytes(&bytes));
column!(impl[] RedirectStatus as i64, BigInteger, BigInt, |status| i64::from(status.as_u16()), redirect_status);
column!(impl[] Role as String, Text, String, |role| role.as_str().to_owned(), named);
column!(impl[] MailTokenPurpose as String, Text, String, |purpose| name(purpose), named);
column!(impl[] DomainState as String, Text, String, |state| name(state), named);
column!(impl[] StateReason as String, Text, String, |reason| name(reason), named);
column!(impl[] CertificateState as String, Text, String, |state| name(state), named);
column!(impl[] ClickExportState as String, Text, String, |state| name(state), named);
column!(impl[] ExportFormat as String, Text, String, |format| name(format), named);
column!(impl[] ReportInterval as String, Text, String, |every| name(every), named);
column!(impl[] EvidenceState as String, Text, String, |state| name(state), named);
column!(impl[] OAuthTokenKind as String, Text, String, |kind| name(kind), named);
column!(impl[] JobState as String, Text, String, |state| name(state), named);
column!(impl[] Priority as i64, BigInteger, BigInt, |priority| priority.rank(), Priority::of_rank);
column!(impl[] ChangeRequestAction as String, Text, String, |action| name(action), named);
column!(impl[] ChangeRequestState as String, Text, String, |state| name(state), named);
column!(impl[] BulkEditState as String, Text, String, |state| name(state), named);
column!(impl[] LinkVersionAction as String, Text, String, |action| name(action), named);
column!(impl[] ViewPage as String, Text, String, |page| name(page), named);
column!(impl[] FolderAccess as String, Text, String, |access| name(access), named);
column!(impl[] VisitorAddresses as String, Text, String, |addresses| name(addresses), named);
column!(impl[] ForwardQuery as String, Text, String, |choice| name(choice), named);
column!(impl[T: Serialize + DeserializeOwned] Json<T> as String, Text, String, |json| text(json), |text| serde_json::from_str(&text).ok().map(Json));

fn redirect_status(number: i64) -> Option<RedirectStatus> {
    let number: u16 = number.try_into().ok()?;
    number.try_into().ok()
}

/// The value whose serialised name this is.
fn named<T: DeserializeOwned>(name: String) -> Option<T> {
    serde_json::from_value(serde_json::Value::String(name)).ok()
}

/// The serialised name of a value without data.
fn name<T: Serialize>(value: &T) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(ToOwned::to_owned)).unwrap_or_default()
}

/// JSON text. Only maps with keys that are not text and failing serialisers can fail here; columns hold neither.
fn text<T: Serialize>(json: &Json<T>) -> String {
    serde_json::to_string(&json.0).unwrap_or_default()
}
