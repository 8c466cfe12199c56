//! From the click journals of this machine to the bus.
//!
//! Invariants: of all processes on a folder one ships, which also ships what those that are gone have left. A journal's records leave when
//! all before them were taken, and its cursor moves when they were; so whatever is cut short, they come again in their order, and whoever
//! reads the bus knows them. Redirects never wait for any of this. A process whose disk ends
//! with it hands what is left over to the objects, where that is asked for.

mod handed_over;
mod health;
pub mod jobs;
mod metrics;
mod shipment;
mod shipper;

pub use health::Health;
pub use shipper::{ClickShipper, ShipError};
