//! What questions about the clicks of a workspace may take, where that is something of its own.

/// The limits of one workspace; those of the settings hold where there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QueryLimits {
    /// How many seconds a question may take.
    pub seconds_max: Option<u32>,
    /// How many clicks a question may go through.
    pub clicks_max: Option<u64>,
    /// How many questions a process asks at once.
    pub queries_max: Option<u32>,
}
