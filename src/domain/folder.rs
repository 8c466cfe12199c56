//! What members of a workspace may do with the links of a folder. A folder narrows what a role gives, and never widens it.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::id::FolderId;

/// How far somebody may reach into a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FolderAccess {
    /// The folder and its links do not exist for them.
    None,
    /// They see its links, and change none.
    View,
    /// They do with its links whatever their role allows.
    Edit,
}

/// The folders of a workspace in which somebody may do less than their role allows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FolderSight(HashMap<FolderId, FolderAccess>);

impl FolderSight {
    /// From what somebody may do in each folder.
    #[must_use]
    pub fn new(folders: impl IntoIterator<Item = (FolderId, FolderAccess)>) -> Self {
        Self(folders.into_iter().filter(|(_, access)| *access != FolderAccess::Edit).collect())
    }

    /// What may be done with links of this folder, or of none.
    #[must_use]
    pub fn access(&self, folder: Option<FolderId>) -> FolderAccess {
        folder.and_then(|folder| self.0.get(&folder).copied()).unwrap_or(FolderAccess::Edit)
    }

    /// Whether links of this folder, or of none, exist for them.
    #[must_use]
    pub fn sees(&self, folder: Option<FolderId>) -> bool {
        self.access(folder) > FolderAccess::None
    }

    /// The folders that do not exist for them.
    #[must_use]
    pub fn hidden(&self) -> Vec<FolderId> {
        let hidden = self.0.iter().filter(|(_, access)| **access == FolderAccess::None);
        hidden.map(|(folder, _)| *folder).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_folder_narrows_is_open() {
        let (hidden, seen, open) = (FolderId::new(), FolderId::new(), FolderId::new());
        let sight =
            FolderSight::new([(hidden, FolderAccess::None), (seen, FolderAccess::View), (open, FolderAccess::Edit)]);
        assert!(!sight.sees(Some(hidden)) && sight.sees(Some(seen)) && sight.sees(None));
        assert_eq!(sight.access(Some(seen)), FolderAccess::View);
        assert_eq!((sight.access(Some(open)), sight.access(None)), (FolderAccess::Edit, FolderAccess::Edit));
        assert_eq!(sight.hidden(), [hidden]);
        assert_eq!(FolderSight::default().hidden(), []);
    }
}
