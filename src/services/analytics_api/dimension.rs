//! What reports can be broken down and filtered by: what clicks have, and what their links have.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::infra::click_store::Dimension;

/// The name of the dimension that belongs to links and not to clicks.
pub(super) const TAG: &str = "tag";

/// A property of clicks or of their links.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReportDimension {
    /// A property of clicks.
    Click(Dimension),
    /// The tags that a click's link carries now.
    Tag,
}

impl ReportDimension {
    /// Every one, in the order that documents list them.
    pub fn all() -> impl Iterator<Item = Self> {
        Dimension::ALL.into_iter().map(Self::Click).chain([Self::Tag])
    }

    /// Its name in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Click(dimension) => dimension.as_str(),
            Self::Tag => TAG,
        }
    }
}

impl Serialize for ReportDimension {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for ReportDimension {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = <Cow<'de, str>>::deserialize(deserializer)?;
        Self::all().find(|dimension| dimension.as_str() == name).ok_or_else(|| {
            let names: Vec<_> = Self::all().map(Self::as_str).collect();
            serde::de::Error::custom(format!("expected one of {}", names.join(", ")))
        })
    }
}

impl PartialSchema for ReportDimension {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("What clicks are told apart by."))
            .enum_values(Some(Self::all().map(Self::as_str)))
            .into()
    }
}

impl ToSchema for ReportDimension {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("AnalyticsDimension")
    }
}
