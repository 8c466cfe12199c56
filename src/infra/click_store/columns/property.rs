//! What has a column of its own, and how a click is made of those again.

use super::packing::Damaged;
use crate::domain::click::ClickKind;
use crate::domain::id::{DomainId, LinkId};
use crate::domain::rule::AgentClass;
use crate::infra::click_store::question::labels::{AGENTS, DEVICES, KINDS, parse};
use crate::infra::click_store::{Dimension, EnrichedClick, Value, agent_label, device_label, kind_label};

/// A property of clicks that has a column of its own. Its place in [`Property::ALL`] is its number on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Property {
    /// The journal that a click came from.
    Journal,
    /// See [`Class`].
    Class,
    /// What reports tell clicks apart by.
    Of(Dimension),
    /// The `Host` asked for.
    Host,
}

impl Property {
    /// Every property. New ones come to the end: the place is the number on the disk.
    pub const ALL: [Self; 24] = [
        Self::Journal,
        Self::Class,
        Self::Of(Dimension::Link),
        Self::Of(Dimension::Domain),
        Self::Of(Dimension::Status),
        Self::Host,
        Self::Of(Dimension::Slug),
        Self::Of(Dimension::Country),
        Self::Of(Dimension::Region),
        Self::Of(Dimension::City),
        Self::Of(Dimension::Asn),
        Self::Of(Dimension::Device),
        Self::Of(Dimension::Os),
        Self::Of(Dimension::Browser),
        Self::Of(Dimension::Referrer),
        Self::Of(Dimension::Language),
        Self::Of(Dimension::UtmSource),
        Self::Of(Dimension::UtmMedium),
        Self::Of(Dimension::UtmCampaign),
        Self::Of(Dimension::UtmTerm),
        Self::Of(Dimension::UtmContent),
        Self::Of(Dimension::Rule),
        Self::Of(Dimension::Variant),
        Self::Of(Dimension::Qr),
    ];

    /// Where a dimension is kept.
    pub const fn of(dimension: Dimension) -> Self {
        match dimension {
            Dimension::Kind | Dimension::Agent => Self::Class,
            other => Self::Of(other),
        }
    }

    /// Puts a value of it into a click.
    pub fn put(self, value: Option<&Value>, click: &mut EnrichedClick) -> Result<(), Damaged> {
        match self {
            // It belongs to the position of the click.
            Self::Journal => {}
            Self::Class => Class::read(value)?.put(click),
            Self::Host => click.host = required(text(value)?)?,
            Self::Of(dimension) => put_dimension(dimension, value, click)?,
        }
        Ok(())
    }
}

fn put_dimension(dimension: Dimension, value: Option<&Value>, click: &mut EnrichedClick) -> Result<(), Damaged> {
    match dimension {
        Dimension::Link => click.link_id = id(value)?.map(LinkId::from_uuid),
        Dimension::Domain => click.domain_id = id(value)?.map(DomainId::from_uuid),
        Dimension::Slug => click.slug = required(text(value)?)?,
        Dimension::Status => click.status = required(number(value)?)?,
        Dimension::Country => click.country = text(value)?,
        Dimension::Region => click.region = text(value)?,
        Dimension::City => click.city = text(value)?,
        Dimension::Asn => click.asn = number(value)?,
        Dimension::Device => {
            click.device = text(value)?.and_then(|text| parse(&DEVICES, device_label, &text)).ok_or(Damaged)?;
        }
        Dimension::Os => click.os = text(value)?,
        Dimension::Browser => click.browser = text(value)?,
        Dimension::Referrer => click.referrer_host = text(value)?,
        Dimension::Language => click.language = text(value)?,
        Dimension::UtmSource => click.utm.source = text(value)?,
        Dimension::UtmMedium => click.utm.medium = text(value)?,
        Dimension::UtmCampaign => click.utm.campaign = text(value)?,
        Dimension::UtmTerm => click.utm.term = text(value)?,
        Dimension::UtmContent => click.utm.content = text(value)?,
        Dimension::Rule => click.rule = text(value)?,
        Dimension::Variant => click.variant = text(value)?,
        Dimension::Qr => match value {
            Some(Value::Flag(flag)) => click.qr = *flag,
            _ => return Err(Damaged),
        },
        // They are in the class.
        Dimension::Kind | Dimension::Agent => {}
    }
    Ok(())
}

fn required<T>(value: Option<T>) -> Result<T, Damaged> {
    value.ok_or(Damaged)
}

fn text(value: Option<&Value>) -> Result<Option<Box<str>>, Damaged> {
    match value {
        None => Ok(None),
        Some(Value::Text(text)) => Ok(Some(text.clone())),
        Some(_) => Err(Damaged),
    }
}

fn id(value: Option<&Value>) -> Result<Option<uuid::Uuid>, Damaged> {
    match value {
        None => Ok(None),
        Some(Value::Id(id)) => Ok(Some(*id)),
        Some(_) => Err(Damaged),
    }
}

fn number<T: TryFrom<i64>>(value: Option<&Value>) -> Result<Option<T>, Damaged> {
    match value {
        None => Ok(None),
        Some(Value::Number(number)) => T::try_from(*number).map(Some).map_err(|_| Damaged),
        Some(_) => Err(Damaged),
    }
}

/// What decides whether a click is counted, in one small number: nearly every question asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Class {
    /// What was answered.
    pub kind: ClickKind,
    /// What sort of program it was.
    pub agent: AgentClass,
    /// Whether it was fetched before anybody asked for it.
    pub prefetch: bool,
    /// Whether the method was HEAD.
    pub head: bool,
    /// Whether the visitor has opted out.
    pub opted_out: bool,
}

/// What is added to the number of a class whose visitors have opted out: more than any other number.
const OPTED_OUT: i64 = 64;

impl Class {
    /// As it is kept.
    pub fn number(self) -> i64 {
        let place = |found: Option<usize>| found.and_then(|place| i64::try_from(place).ok()).unwrap_or_default();
        let kind = place(KINDS.iter().position(|kind| *kind == self.kind));
        let agent = place(AGENTS.iter().position(|agent| *agent == self.agent));
        let opted_out = if self.opted_out { OPTED_OUT } else { 0 };
        opted_out + (kind * 3 + agent) * 4 + i64::from(self.prefetch) * 2 + i64::from(self.head)
    }

    /// Reads a value of the column.
    pub fn read(value: Option<&Value>) -> Result<Self, Damaged> {
        let number: i64 = required(number(value)?)?;
        if number >= 2 * OPTED_OUT {
            return Err(Damaged);
        }
        let opted_out = number >= OPTED_OUT;
        let number = usize::try_from(number % OPTED_OUT).map_err(|_| Damaged)?;
        let (prefetch, head) = (number & 2 != 0, number & 1 != 0);
        let kind = KINDS.get(number / 12).copied().ok_or(Damaged)?;
        let agent = AGENTS.get(number / 4 % 3).copied().ok_or(Damaged)?;
        Ok(Self { kind, agent, prefetch, head, opted_out })
    }

    /// The value of a dimension that is kept in the class.
    pub fn value_of(self, dimension: Dimension) -> Value {
        let label = if dimension == Dimension::Kind { kind_label(self.kind) } else { agent_label(self.agent) };
        Value::Text(label.into())
    }

    const fn put(self, click: &mut EnrichedClick) {
        click.kind = self.kind;
        click.agent = self.agent;
        click.prefetch = self.prefetch;
        click.head = self.head;
        click.opted_out = self.opted_out;
    }
}
