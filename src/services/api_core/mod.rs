//! api-core: the source of truth for workspaces, people, keys, domains, links and tags.
//!
//! Use cases know nothing of HTTP and hold no SQL. Invariants: what belongs to
//! a workspace is only reached with an [`Access`], which only
//! [`ApiCore::authorize`] gives out; after a commit and before the response, the
//! edges are told; under an idempotency key, a commit waits for the response; what a
//! commit changes stands in the audit trail and in the stream of events, by the same commit.

mod accounts;
mod admin;
mod api_key_rotation;
mod api_keys;
mod audit_export;
mod audit_trail;
mod authenticate;
mod bootstrap;
pub mod certificates;
mod change_log;
mod domains;
mod edge;
mod event_archive;
mod event_publisher;
mod event_schema;
mod events;
mod evidence;
mod field_errors;
mod folders;
mod followers;
mod foreign_credentials;
mod freeze_windows;
pub mod grpc;
mod gzip;
mod invitation_acceptance;
mod invitation_mail;
mod invitations;
pub mod jobs;
mod limits;
mod links;
mod members;
mod metrics;
mod notes;
mod patch;
mod principal;
mod processing_record;
mod provider_roles;
mod qr_codes;
mod recorded_action;
mod recording;
pub mod rest;
mod setup;
pub mod shares;
mod tagged_links;
mod tags;
mod text_validation;
mod tokens;
mod unit_of_work;
mod utm_templates;
mod version;
mod views;
mod workspace_deletion;
mod workspaces;
mod write_through;

pub use crate::infra::store::page::{Page, Position};
pub use accounts::{Account, REGISTERED};
pub use admin::{AdminAccess, EventConsumer, EventFailure, EventFailureQuery, EventFailureState, Job, JobQuery};
pub use api_key_rotation::{LeakedApiKey, RotationDraft};
pub use api_keys::{ApiKey, ApiKeyDraft, ApiKeyPatch, CreatedApiKey};
pub use audit_export::{AuditExport, AuditExportFormat, AuditExportHeader};
pub use audit_trail::Trail;
pub use bootstrap::{BootstrapDraft, NewAccount};
pub use certificates::DomainCertificate;
pub use change_log::CHANGES_KEPT_FOR;
pub use domains::{Domain, DomainDeletion, DomainDraft, DomainPatch, DomainSettings};
pub use event_publisher::EventPublisher;
pub use events::EventBatch;
pub use evidence::{
    ArchivedFile, EvidenceDraft, EvidenceExport, EvidenceKey, EvidenceLink, EvidenceManifest, MANIFEST_FILE, ROWS_FILE,
    SIGNATURE_FILE,
};
pub use field_errors::FieldErrors;
pub use folders::{Folder, FolderAccessPatch, FolderDraft, FolderMember, FolderPatch};
pub use followers::{FollowerPlace, Followers};
pub use foreign_credentials::{ForeignCredentials, ForeignHolder, ForeignSession, ForeignToken};
pub use freeze_windows::{FreezeWindow, FreezeWindowDraft, FreezeWindowPatch};
pub use invitation_acceptance::{Acceptance, InvitationToken, InvitationView, Joined};
pub use invitations::{Invitation, InvitationDraft};
pub use limits::Limits;
pub use links::{
    ApprovalDraft, BULK_ITEMS_MAX, BulkEdit, BulkEditAnswer, BulkEditChanges, BulkEditDraft, BulkEditFailure,
    BulkEditFilter, BulkEditPreview, BulkEditSample, BulkItem, BulkPatch, ChangeRequest, ChangeRequestDraft,
    ChangeRequestQuery, Changed, Created, DeletedLink, DestinationReplacement, DuplicateDestination, FieldChange,
    IfExists, LINK_TAGS_MAX, Link, LinkComment, LinkCommentDraft, LinkCount, LinkDraft, LinkPatch, LinkPreviewDraft,
    LinkQuery, LinkSort, LinkVersion, RefusalDraft, Resolution, ResolutionDraft, ResolutionState, RestoreDraft,
    RevertDraft, UndoDraft, VisitorDraft, WorkspaceMoveDraft,
};
pub use members::{Member, MemberPatch, TransferDraft};
pub(in crate::services) use patch::present;
pub use principal::{Access, Actor, Principal};
pub use processing_record::{ProcessingFacts, WorkspacePolicy};
pub use provider_roles::ProviderRole;
pub use qr_codes::{ErrorCorrection, QrCodeDraft, QrFormat, QrImage, QrPreviewDraft};
pub use recorded_action::{Action, ActionKind, By, EventData, Recorded, RecordedAction};
pub use setup::{SetUp, SetupDraft, SetupToken};
pub use shares::{CreatedShare, OpenShare, Share, ShareDraft, SharePatch};
pub use tagged_links::TaggedLinks;
pub use tags::{Tag, TagDraft, TagPatch};
pub use tokens::{Token, TokenKind};
pub use utm_templates::{UtmTemplate, UtmTemplateDraft, UtmTemplatePatch};
pub use version::ExpectedVersion;
pub use views::{View, ViewDraft, ViewPatch};
pub use workspaces::{Workspace, WorkspaceDraft, WorkspacePatch};

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use url::Url;

use crate::domain::change::Invalidation;
use crate::domain::destination_policy::DestinationPolicy;
use crate::domain::error::{Error, Result};
use crate::domain::id::WorkspaceId;
use crate::domain::link::LinkLifetimes;
use crate::domain::link_version::LinkHistory;
use crate::domain::slug_words::SlugWords;
use crate::infra::cache::invalidation::Invalidations;
use crate::infra::cache::shared_links::SharedLinks;
use crate::infra::click_store::ClickStore;
use crate::infra::dns::Dns;
use crate::infra::geo::GeoDatabase;
use crate::infra::mail::Mail;
use crate::infra::objects::{ObjectKind, Objects};
use crate::infra::passwords::Passwords;
use crate::infra::sealing::Sealing;
use crate::infra::signing::Signing;
use crate::infra::store::{Store, Transaction};
use crate::infra::user_agent::UserAgents;
use crate::runtime::origin;
use crate::runtime::tasks::Tasks;
use unit_of_work::Complete;

/// What the service records.
pub const ACTIONS: &[ActionKind] = &[
    bootstrap::BOOTSTRAPPED.kind(),
    admin::RETRIED.kind(),
    admin::DISCARDED.kind(),
    admin::event_failures::RETRIED.kind(),
    admin::event_failures::DISCARDED.kind(),
    workspaces::CREATED.kind(),
    workspaces::UPDATED.kind(),
    workspace_deletion::DELETED.kind(),
    workspace_deletion::UNDELETED.kind(),
    workspace_deletion::PURGED.kind(),
    members::JOINED.kind(),
    members::ROLE_CHANGED.kind(),
    members::REMOVED.kind(),
    invitations::INVITED.kind(),
    invitations::RESENT.kind(),
    invitations::REVOKED.kind(),
    api_keys::CREATED.kind(),
    api_keys::UPDATED.kind(),
    api_keys::REVOKED.kind(),
    api_key_rotation::ROTATED.kind(),
    evidence::CREATED.kind(),
    evidence::FINISHED.kind(),
    domains::CREATED.kind(),
    domains::UPDATED.kind(),
    domains::DELETED.kind(),
    domains::VERIFIED.kind(),
    domains::QUARANTINED.kind(),
    domains::LOST.kind(),
    domains::WARNED.kind(),
    tags::CREATED.kind(),
    tags::UPDATED.kind(),
    tags::DELETED.kind(),
    folders::CREATED.kind(),
    folders::UPDATED.kind(),
    folders::DELETED.kind(),
    links::CREATED.kind(),
    links::UPDATED.kind(),
    links::DELETED.kind(),
    links::EXPIRED.kind(),
    links::EXHAUSTED.kind(),
    links::RESTORED.kind(),
    links::PURGED.kind(),
    links::MOVED_OUT.kind(),
    links::MOVED_IN.kind(),
    links::COMMENTED.kind(),
    links::COMMENT_UPDATED.kind(),
    links::COMMENT_DELETED.kind(),
    links::CHANGE_REQUESTED.kind(),
    links::CHANGE_APPROVED.kind(),
    links::CHANGE_REFUSED.kind(),
    links::CHANGE_WITHDRAWN.kind(),
    freeze_windows::CREATED.kind(),
    freeze_windows::UPDATED.kind(),
    freeze_windows::DELETED.kind(),
    utm_templates::CREATED.kind(),
    utm_templates::UPDATED.kind(),
    utm_templates::DELETED.kind(),
    views::CREATED.kind(),
    views::UPDATED.kind(),
    views::DELETED.kind(),
    shares::CREATED.kind(),
    shares::UPDATED.kind(),
    shares::REVOKED.kind(),
];

/// What the use cases need. Clones share it.
#[derive(Clone)]
pub struct ApiCore {
    store: Store,
    invalidations: Invalidations,
    shared: Option<SharedLinks>,
    passwords: Passwords,
    tasks: Tasks,
    notes: Arc<Semaphore>,
    clicks: Option<ClickStore>,
    mail: Option<Mail>,
    objects: Option<Objects>,
    signing: Option<Signing>,
    dns: Option<Dns>,
    limits: Option<Arc<Limits>>,
    foreign: Option<Arc<dyn ForeignCredentials>>,
    actions: Arc<[ActionKind]>,
    following: events::Following,
    certifying: Option<Sealing>,
    settings: Settings,
}

/// What the operator decides, and what resolving asks.
#[derive(Clone)]
pub struct Settings {
    /// How the API is reached.
    pub public_url: Url,
    /// How links of the default domain are reached.
    pub default_domain_url: Url,
    /// Whose the visits of the default domain are that belong to no link; the oldest workspace's if absent.
    pub default_domain_workspace: Option<WorkspaceId>,
    /// How long the deletion of a workspace can be undone.
    pub deletion_grace: Duration,
    /// What destinations may be.
    pub destinations: DestinationPolicy,
    /// What domains need, and how they are looked at.
    pub domains: DomainSettings,
    /// How long events are kept for those who follow.
    pub events_kept_for: Duration,
    /// How long they are kept as files after that; not at all if absent.
    pub events_archived_for: Option<Duration>,
    /// Words that slugs must not be or hold.
    pub slug_words: Arc<SlugWords>,
    /// How long it is known what links were.
    pub link_history: LinkHistory,
    /// How long the cache that edges share believes a link.
    pub lifetimes: LinkLifetimes,
    /// Tells where described visitors are.
    pub geo: GeoDatabase,
    /// Tells what programs described visitors use.
    pub user_agents: UserAgents,
}

impl ApiCore {
    /// The service on this store. `tasks` finish the commits that are under way when the process stops.
    #[must_use]
    pub fn new(
        store: Store,
        invalidations: Invalidations,
        passwords: Passwords,
        tasks: Tasks,
        settings: Settings,
    ) -> Self {
        let notes = Arc::new(Semaphore::new(notes::NOTES_MAX));
        Self {
            store,
            invalidations,
            shared: None,
            passwords,
            tasks,
            notes,
            clicks: None,
            mail: None,
            objects: None,
            signing: None,
            dns: None,
            limits: None,
            foreign: None,
            actions: ACTIONS.into(),
            following: events::Following::default(),
            certifying: None,
            settings,
        }
    }

    /// The same service, which tells how often links were clicked.
    #[must_use]
    pub fn counting_clicks(self, clicks: ClickStore) -> Self {
        Self { clicks: Some(clicks), ..self }
    }

    /// The same service, which sends mail.
    #[must_use]
    pub fn mailing(self, mail: Mail) -> Self {
        Self { mail: Some(mail), ..self }
    }

    /// The same service, which keeps files.
    #[must_use]
    pub fn keeping(self, objects: Objects) -> Self {
        Self { objects: Some(objects), ..self }
    }

    /// The same service, which signs evidence.
    #[must_use]
    pub fn signing_by(self, signing: Signing) -> Self {
        Self { signing: Some(signing), ..self }
    }

    /// The same service, which asks DNS about domains.
    #[must_use]
    pub fn asking(self, dns: Dns) -> Self {
        Self { dns: Some(dns), ..self }
    }

    /// The same service, with limits.
    #[must_use]
    pub fn limiting(self, limits: Limits) -> Self {
        Self { limits: Some(Arc::new(limits)), ..self }
    }

    /// The same service, to which credentials of identity providers count too.
    #[must_use]
    pub fn recognising(self, foreign: Arc<dyn ForeignCredentials>) -> Self {
        Self { foreign: Some(foreign), ..self }
    }

    /// The same service, which describes these types of events too.
    #[must_use]
    pub fn describing(self, actions: &[ActionKind]) -> Self {
        Self { actions: [&self.actions, actions].concat().into(), ..self }
    }

    /// The same service, which writes changed links through to the cache that edges share.
    #[must_use]
    pub fn writing_through(self, shared: Option<SharedLinks>) -> Self {
        Self { shared, ..self }
    }

    /// The source of truth.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Hashes and verifies passwords.
    #[must_use]
    pub fn passwords(&self) -> &Passwords {
        &self.passwords
    }

    /// The files that are kept.
    ///
    /// # Errors
    /// `Internal` if the service keeps none.
    pub fn objects(&self) -> Result<&Objects> {
        self.objects.as_ref().ok_or_else(|| Error::internal("this process keeps no objects"))
    }

    /// The kinds of objects that the service keeps.
    #[must_use]
    pub fn object_kinds(&self) -> Vec<ObjectKind> {
        let events = self.settings.events_archived_for.map(event_archive::kind);
        [evidence::ARCHIVES].into_iter().chain(events).collect()
    }

    /// Signs evidence.
    fn signing(&self) -> Result<&Signing> {
        self.signing.as_ref().ok_or_else(|| Error::internal("this process signs nothing"))
    }

    /// Commits, with what happened written down, and then tells the edges, in a task that a client who disconnects cannot stop
    /// between the two. In a unit of work, all that is left to its owner. Every change that somebody asked for goes this way.
    ///
    /// # Errors
    /// Only those of the store, and then nothing has happened; or it is not known, if the store became unavailable.
    pub async fn commit(
        &self,
        transaction: Transaction,
        recorded_actions: Vec<RecordedAction>,
        stale: Vec<Invalidation>,
    ) -> Result<()> {
        let Some(complete) = unit_of_work::hold(self.complete(transaction, recorded_actions, stale)) else {
            return Ok(());
        };
        self.commit_in_a_task(complete).await
    }

    /// Commits at once, also in a unit of work, with what happened written down: for what has to be in the trail before something is done that
    /// takes long, and cannot be undone.
    ///
    /// # Errors
    /// As [`ApiCore::commit`].
    pub async fn commit_at_once(&self, transaction: Transaction, recorded_actions: Vec<RecordedAction>) -> Result<()> {
        self.commit_in_a_task(self.complete(transaction, recorded_actions, Vec::new())).await
    }

    async fn commit_in_a_task(&self, complete: Complete) -> Result<()> {
        let (answer, answered) = tokio::sync::oneshot::channel();
        self.tasks.spawn_finite("commit", async move {
            // An error means that nobody waits any longer.
            drop(answer.send(Box::pin(complete.commit()).await));
        });
        answered.await.map_err(Error::internal)?
    }

    fn complete(
        &self,
        transaction: Transaction,
        recorded_actions: Vec<RecordedAction>,
        stale: Vec<Invalidation>,
    ) -> Complete {
        Complete { transaction, recorded_actions, stale, origin: origin::current(), core: self.clone() }
    }
}
