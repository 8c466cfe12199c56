//! A raw click as the API and exports show it.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::domain::id::{DomainId, LinkId};
use crate::domain::rule::{AgentClass, Device};
use crate::domain::time::Timestamp;
use crate::infra::click_store::{Event, EventPosition, kind_label};

/// What a click's id starts with.
const ID_PREFIX: &str = "clk_";

/// One click.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = AnalyticsEvent)]
pub struct ClickEvent {
    /// Names this click for good.
    #[schema(example = "clk_0190b8f2c4a87d310000000000001f40")]
    pub id: String,
    /// When it was answered.
    pub at: Timestamp,
    /// What was answered: `redirect`, `missing`, `gone` or `root`.
    #[schema(example = "redirect")]
    pub kind: &'static str,
    /// The status that was answered.
    #[schema(minimum = 100, maximum = 599)]
    pub status: u16,
    /// The link, if there is one.
    pub link_id: Option<LinkId>,
    /// The domain, if it is known.
    pub domain_id: Option<DomainId>,
    /// The host asked for.
    pub host: Box<str>,
    /// The slug or path asked for, without its first slash.
    pub slug: Box<str>,
    /// ISO 3166-1 alpha-2 code.
    pub country: Option<Box<str>>,
    /// ISO 3166-2 code, or the region's name where its code is not known.
    pub region: Option<Box<str>>,
    /// City.
    pub city: Option<Box<str>>,
    /// Number of the autonomous system.
    pub asn: Option<u32>,
    /// Kind of device.
    pub device: Device,
    /// Operating system.
    pub os: Option<Box<str>>,
    /// Browser.
    pub browser: Option<Box<str>>,
    /// Sort of program.
    pub agent: AgentClass,
    /// Whether it was fetched before anybody asked for it.
    pub prefetch: bool,
    /// Whether the method was HEAD.
    pub head: bool,
    /// Whether the visitor asked not to be tracked and the workspace leaves such clicks out of its reports.
    pub opted_out: bool,
    /// Whether reports count it unless they are asked otherwise.
    pub counted: bool,
    /// Host of the referring page; `null` for direct visits.
    pub referrer: Option<Box<str>>,
    /// Most preferred language, such as `de`.
    pub language: Option<Box<str>>,
    /// `utm_source` of the visited URL.
    pub utm_source: Option<Box<str>>,
    /// `utm_medium` of the visited URL.
    pub utm_medium: Option<Box<str>>,
    /// `utm_campaign` of the visited URL.
    pub utm_campaign: Option<Box<str>>,
    /// `utm_term` of the visited URL.
    pub utm_term: Option<Box<str>>,
    /// `utm_content` of the visited URL.
    pub utm_content: Option<Box<str>>,
    /// The smart-link rule that matched.
    pub rule: Option<Box<str>>,
    /// The variant of that rule's split.
    pub variant: Option<Box<str>>,
    /// Whether it came from the link's QR code.
    pub qr: bool,
    /// Equal for the clicks of one visitor on one day (UTC); `null` where the visitor asked not to be tracked.
    #[schema(example = "9f86d081884c7d65")]
    pub visitor: Option<String>,
}

impl From<Event> for ClickEvent {
    fn from(event: Event) -> Self {
        let counted = event.click.is_counted();
        let click = event.click;
        Self {
            id: format!("{ID_PREFIX}{}", identity(event.position).simple()),
            at: click.at,
            kind: kind_label(click.kind),
            status: click.status,
            link_id: click.link_id,
            domain_id: click.domain_id,
            host: click.host,
            slug: click.slug,
            country: click.country,
            region: click.region,
            city: click.city,
            asn: click.asn,
            device: click.device,
            os: click.os,
            browser: click.browser,
            agent: click.agent,
            prefetch: click.prefetch,
            head: click.head,
            opted_out: click.opted_out,
            counted,
            referrer: click.referrer_host,
            language: click.language,
            utm_source: click.utm.source,
            utm_medium: click.utm.medium,
            utm_campaign: click.utm.campaign,
            utm_term: click.utm.term,
            utm_content: click.utm.content,
            rule: click.rule,
            variant: click.variant,
            qr: click.qr,
            visitor: click.visitor.map(|visitor| format!("{visitor:016x}")),
        }
    }
}

/// The journal and the position in it, as one number.
#[must_use]
pub fn identity(position: EventPosition) -> Uuid {
    Uuid::from_u64_pair(position.journal_id.as_u64(), position.position)
}
