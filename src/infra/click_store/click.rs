//! A click as the store keeps it.

use std::ops::Range;

use crate::domain::click::ClickKind;
use crate::domain::id::{DomainId, LinkId, WorkspaceId};
use crate::domain::rule::{AgentClass, Device};
use crate::domain::time::Timestamp;
use crate::infra::journal::{JournalId, PlacedTally};

/// A click after enrichment: what is known of it for good. The visitor's address is not among it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnrichedClick {
    /// When it was answered.
    pub at: Timestamp,
    /// What was answered.
    pub kind: ClickKind,
    /// The status that was answered.
    pub status: u16,
    /// The tenant. Clicks without one are kept and belong to no report.
    pub workspace_id: Option<WorkspaceId>,
    /// The domain, if the host is known.
    pub domain_id: Option<DomainId>,
    /// The link, if there is one.
    pub link_id: Option<LinkId>,
    /// The `Host` asked for.
    pub host: Box<str>,
    /// The slug or path asked for, without its first slash.
    pub slug: Box<str>,
    /// ISO 3166-1 alpha-2 code.
    pub country: Option<Box<str>>,
    /// ISO 3166-2 code.
    pub region: Option<Box<str>>,
    /// Name of the city.
    pub city: Option<Box<str>>,
    /// Number of the autonomous system that the address belongs to.
    pub asn: Option<u32>,
    /// Kind of device.
    pub device: Device,
    /// Operating system.
    pub os: Option<Box<str>>,
    /// Browser.
    pub browser: Option<Box<str>>,
    /// What sort of program it was.
    pub agent: AgentClass,
    /// Whether it was fetched before anybody asked for it.
    pub prefetch: bool,
    /// Whether the method was HEAD.
    pub head: bool,
    /// Whether the visitor asked not to be tracked and the workspace leaves such clicks out of its reports.
    pub opted_out: bool,
    /// Host of the referring page, in ASCII, lower-case and without `www.`.
    pub referrer_host: Option<Box<str>>,
    /// Primary subtag of the most preferred language, such as `de`.
    pub language: Option<Box<str>>,
    /// Campaign parameters of the visited URL; of the destination, where the visited URL has none of that name.
    pub utm: Utm,
    /// The rule that matched.
    pub rule: Option<Box<str>>,
    /// The variant of that rule's split.
    pub variant: Option<Box<str>>,
    /// Whether it came from the link's QR code.
    pub qr: bool,
    /// Equal for one visitor on one day; absent where the visitor asked not to be tracked.
    pub visitor: Option<u64>,
}

/// Campaign parameters.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Utm {
    /// `utm_source`.
    pub source: Option<Box<str>>,
    /// `utm_medium`.
    pub medium: Option<Box<str>>,
    /// `utm_campaign`.
    pub campaign: Option<Box<str>>,
    /// `utm_term`.
    pub term: Option<Box<str>>,
    /// `utm_content`.
    pub content: Option<Box<str>>,
}

impl EnrichedClick {
    /// Whether reports count it unless they are asked otherwise: a person's visit, neither prefetched nor asked for with HEAD nor opted
    /// out of.
    #[must_use]
    pub fn is_counted(&self) -> bool {
        self.agent == AgentClass::Human && !self.prefetch && !self.head && !self.opted_out
    }
}

/// A click and where it stands in its journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalledClick {
    /// Its position, growing within a journal.
    pub position: u64,
    /// The click.
    pub click: EnrichedClick,
}

/// The clicks of a range of one journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClickBatch {
    /// Which journal.
    pub journal_id: JournalId,
    /// The highest position of the range, also where that record is no click.
    pub through: u64,
    /// The clicks, in any order.
    pub clicks: Vec<JournalledClick>,
    /// The positions of the records that are no click.
    pub undecodable: Vec<u64>,
    /// The last that the writer says of how many records there are.
    pub tally: Option<PlacedTally>,
}

/// A partition of the bus, by its holder's right to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldPartition {
    /// The topic.
    pub topic: String,
    /// The number of the partition.
    pub number: i32,
    /// What the holder is told from those before it by: theirs are lower.
    pub fence: i64,
}

/// What a range of a partition of the bus holds of each journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionBatch {
    /// Which partition.
    pub partition: HeldPartition,
    /// The offsets of the range, all of which are passed when it is stored.
    pub offsets: Range<i64>,
    /// The clicks, a batch a journal.
    pub batches: Vec<ClickBatch>,
    /// The fingerprint of the last record of the range; none if it could not be read.
    pub last_record: Option<i64>,
}

/// How far a partition of the bus is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartitionPosition {
    /// The offset of the first record that is not stored.
    pub next_offset: i64,
    /// The fingerprint of the record before it, by which the partition is told from another of the same name; none if it is not known.
    pub last_record: Option<i64>,
}

/// What became of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stored {
    /// Clicks that were new.
    pub inserted: usize,
    /// Clicks that were there already.
    pub repeated: usize,
}
