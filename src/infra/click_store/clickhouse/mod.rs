//! The form for many machines: a ClickHouse server or cluster, with what it cannot keep exactly kept in the source of truth.
//!
//! Invariant: ClickHouse knows no transactions. So an insert is first written down in the source of truth, made under a token that ClickHouse
//! knows again, and only then passed; whoever takes a partition over first makes the insert again that its predecessor may have left.

mod accounts;
mod condition;
mod connection;
mod erasure;
mod error;
mod events;
mod health;
mod partitions;
mod question;
mod reports;
mod row;
mod schema;
mod tags;
mod totals;

#[cfg(test)]
mod tests;

pub use connection::ClickStore;
