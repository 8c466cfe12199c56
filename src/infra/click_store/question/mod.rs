//! What analytics may ask, and what it is answered. Invariant: knows no database and no SQL.

mod counts;
pub(super) mod dimension;
mod erasure;
mod event;
pub(super) mod labels;
mod selection;
mod tags;

pub use counts::{Breakdown, BreakdownItem, Counts, LeftOut};
pub use dimension::{Dimension, ParseValueError, Value};
pub use erasure::Erasure;
pub use event::{Event, EventPosition};
pub use labels::{agent_label, device_label, kind_label};
pub use selection::{Filter, Include, Period, Selection};
pub use tags::TagMembership;
