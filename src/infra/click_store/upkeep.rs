//! What looking after the store comes to.

/// What packing came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Compacted {
    /// Clicks that were rows before.
    pub packed: u64,
    /// Segments that became part of another.
    pub merged: u64,
}

/// What reading every click came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verified {
    /// Clicks that are there.
    pub clicks: u64,
    /// Those of them that are not packed yet.
    pub not_packed: u64,
    /// Segments.
    pub segments: u64,
    /// What is wrong; at most the first hundred.
    pub problems: Vec<String>,
}
