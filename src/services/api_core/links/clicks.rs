//! How often links were clicked, which the click store knows.

use super::view::Link;
use crate::domain::id::LinkId;
use crate::services::api_core::ApiCore;
use crate::services::api_core::principal::Access;

impl ApiCore {
    /// Writes the number of clicks into the links. It stays unknown while the click store is unavailable: the links are readable all
    /// the same.
    pub(super) async fn count_clicks<'a>(&self, access: &Access, links: impl Iterator<Item = &'a mut Link>) {
        let Some(store) = &self.clicks else { return };
        let links: Vec<&mut Link> = links.collect();
        let ids: Vec<LinkId> = links.iter().map(|link| link.id).collect();
        let totals = match store.link_totals(access.workspace_id(), &ids).await {
            Ok(totals) => totals,
            Err(error) => {
                tracing::warn!(%error, "the clicks of links stay unknown: {error}");
                return;
            }
        };
        for link in links {
            let total = totals.get(&link.id);
            link.clicks = Some(total.map_or(0, |total| total.clicks));
            link.last_click_at = total.map(|total| total.last_click_at);
        }
    }

    /// The same for one link.
    pub(super) async fn with_clicks(&self, access: &Access, mut link: Link) -> Link {
        self.count_clicks(access, std::iter::once(&mut link)).await;
        link
    }
}
