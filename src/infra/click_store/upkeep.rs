//! What looking after the store comes to.

/// What packing came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Compacted {
    /// Clicks that were rows before.
    pub packed: u64,
    /// Segments that became part of another.
    pub merged: u64,
    /// Segments that cannot be read, and stay as they are.
    pub damaged: u64,
}

/// What deleting came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Deleted {
    /// Clicks that are gone.
    pub clicks: u64,
    /// Segments that cannot be read, so that it is not known which of their clicks should go.
    pub damaged: u64,
}

impl Deleted {
    /// Both together. They mostly meet the same damaged segments, which count once.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self { clicks: self.clicks + other.clicks, damaged: self.damaged.max(other.damaged) }
    }
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
