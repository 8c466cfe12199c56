//! Looks at the DNS of one domain.

use crate::infra::jobs::Handlers;
use crate::services::api_core::ApiCore;
use crate::services::domain_manager::verification::VerifyDomain;

pub(super) fn handlers(core: &ApiCore) -> Handlers {
    let core = core.clone();
    Handlers::default().on(move |VerifyDomain { workspace_id, domain_id }, _| {
        let core = core.clone();
        async move { Ok(core.check_domain(workspace_id, domain_id).await?) }
    })
}
