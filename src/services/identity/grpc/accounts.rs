//! `elido.v1.Accounts`: all accounts of the instance, for those who run it.
//!
//! Invariant: a call reaches accounts only through [`AccountsService::admin`].

use tonic::{Request, Response, Status};

use crate::domain::error::Result as DomainResult;
use crate::domain::id::UserId;
use crate::http::pagination::QueryFingerprint;
use crate::infra::grpc::v1;
use crate::infra::grpc::v1::accounts_server::Accounts;
use crate::services::api_core::Account;
use crate::services::api_core::grpc::{Work, answer, limit, origin_of, parsed, principal, time};
use crate::services::api_core::rest::{page_of, requested_page};
use crate::services::identity::Identity;
use crate::services::identity::accounts::search_text;

/// The use cases of accounts, which REST calls too.
pub(super) struct AccountsService(pub(super) Identity);

impl AccountsService {
    /// The administrator who sent a call.
    async fn admin<T>(&self, request: &Request<T>) -> DomainResult<UserId> {
        self.0.authorize_admin(&principal(&self.0.core, request).await?)
    }

    fn do_list(&self, request: Request<v1::ListAccountsRequest>) -> Work<'_, v1::ListAccountsResponse> {
        Box::pin(async move {
            self.admin(&request).await?;
            let v1::ListAccountsRequest { limit: items, cursor, email } = request.into_inner();
            let items = limit(items)?;
            let part = search_text(email.as_deref())?;
            let fingerprint = QueryFingerprint::of(&("accounts over gRPC", part));
            let page = requested_page(items, cursor.as_deref(), fingerprint)?;
            let accounts = self.0.list_accounts(part, page).await?;
            let page = page_of(accounts, items, fingerprint, |item| (item.created_at, item.id.as_uuid())).0;
            let accounts = page.data.into_iter().map(to_message).collect();
            Ok(v1::ListAccountsResponse { accounts, next_cursor: page.next_cursor })
        })
    }

    fn do_get(&self, request: Request<v1::GetAccountRequest>) -> Work<'_, v1::GetAccountResponse> {
        Box::pin(async move {
            self.admin(&request).await?;
            let account = self.0.find_account(parsed("user_id", &request.get_ref().user_id)?).await?;
            Ok(v1::GetAccountResponse { account: Some(to_message(account)) })
        })
    }

    fn do_disable(&self, request: Request<v1::DisableAccountRequest>) -> Work<'_, v1::DisableAccountResponse> {
        Box::pin(async move {
            let admin = self.admin(&request).await?;
            let account = self.0.disable_account(admin, parsed("user_id", &request.get_ref().user_id)?).await?;
            Ok(v1::DisableAccountResponse { account: Some(to_message(account)) })
        })
    }

    fn do_enable(&self, request: Request<v1::EnableAccountRequest>) -> Work<'_, v1::EnableAccountResponse> {
        Box::pin(async move {
            let admin = self.admin(&request).await?;
            let account = self.0.enable_account(admin, parsed("user_id", &request.get_ref().user_id)?).await?;
            Ok(v1::EnableAccountResponse { account: Some(to_message(account)) })
        })
    }

    fn do_reset(&self, request: Request<v1::ResetSecondFactorRequest>) -> Work<'_, v1::ResetSecondFactorResponse> {
        Box::pin(async move {
            let admin = self.admin(&request).await?;
            let account = self.0.reset_second_factor(admin, parsed("user_id", &request.get_ref().user_id)?).await?;
            Ok(v1::ResetSecondFactorResponse { account: Some(to_message(account)) })
        })
    }
}

fn to_message(account: Account) -> v1::Account {
    v1::Account {
        id: account.id.to_string(),
        email: account.email,
        email_verified: account.email_verified,
        name: account.name,
        is_admin: account.is_admin,
        second_factor_enabled: account.second_factor_enabled,
        disabled_at: account.disabled_at.map(time),
        created_at: Some(time(account.created_at)),
    }
}

#[tonic::async_trait]
impl Accounts for AccountsService {
    async fn list_accounts(
        &self,
        request: Request<v1::ListAccountsRequest>,
    ) -> Result<Response<v1::ListAccountsResponse>, Status> {
        answer(origin_of(&request), self.do_list(request)).await
    }

    async fn get_account(
        &self,
        request: Request<v1::GetAccountRequest>,
    ) -> Result<Response<v1::GetAccountResponse>, Status> {
        answer(origin_of(&request), self.do_get(request)).await
    }

    async fn disable_account(
        &self,
        request: Request<v1::DisableAccountRequest>,
    ) -> Result<Response<v1::DisableAccountResponse>, Status> {
        answer(origin_of(&request), self.do_disable(request)).await
    }

    async fn enable_account(
        &self,
        request: Request<v1::EnableAccountRequest>,
    ) -> Result<Response<v1::EnableAccountResponse>, Status> {
        answer(origin_of(&request), self.do_enable(request)).await
    }

    async fn reset_second_factor(
        &self,
        request: Request<v1::ResetSecondFactorRequest>,
    ) -> Result<Response<v1::ResetSecondFactorResponse>, Status> {
        answer(origin_of(&request), self.do_reset(request)).await
    }
}
