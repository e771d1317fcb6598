//! The part of the port on Stripe that marketplaces need: accounts of merchants (Connect), and
//! transfers to them with their reversals.

use app::ports::{AccountView, CreateAccount, MarketplacePsp, PspError};
use app::tenant::Credentials;
use async_trait::async_trait;
use http::Method;
use jiff::Timestamp;
use payment::{
    AccountFacts, Currency, IdempotencyKey, MerchantId, Money, NewTransfer, OrderReference,
    PspAccountId, PspChargeId, PspReference, PspReversalId, PspTransferId, ReversalId, TransferId,
};
use serde::de::DeserializeOwned;

use crate::amount::{AmountError, to_stripe};
use crate::answer::read;
use crate::client::Call;
use crate::form::Form;
use crate::metadata;
use crate::objects::{BalanceTransaction, ConnectedAccount, Expandable, Link, Move, SettledCharge};
use crate::psp::{CLOCK_SKEW, Listed, StripePsp, checked, not_expressible};
use crate::requests::with_amount;

impl Listed for ConnectedAccount {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Listed for Move {
    fn id(&self) -> &str {
        &self.id
    }
}

#[async_trait]
impl MarketplacePsp for StripePsp {
    async fn create_account(
        &self,
        credentials: &Credentials,
        request: &CreateAccount<'_>,
        key: &IdempotencyKey,
    ) -> Result<AccountView, PspError> {
        let (path, form) = ("/v1/accounts".to_owned(), account_form(request));
        let account: ConnectedAccount =
            self.post("create_account", self.access(credentials)?, path, form, key).await?;
        Ok(account_view(&account))
    }

    async fn find_account(
        &self,
        credentials: &Credentials,
        merchant: MerchantId,
        since: Timestamp,
    ) -> Result<Option<AccountView>, PspError> {
        let since = since.saturating_sub(CLOCK_SKEW).unwrap_or(Timestamp::UNIX_EPOCH);
        let list = ("/v1/accounts", Form::new().with("created[gte]", since.as_second().max(0)));
        let wanted = merchant.to_string();
        self.search("find_account", credentials, list, |account: ConnectedAccount| {
            let id = metadata::value(account.metadata.as_ref(), metadata::MERCHANT_ID);
            (id == Some(wanted.as_str())).then(|| account_view(&account))
        })
        .await
    }

    async fn retrieve_account(
        &self,
        credentials: &Credentials,
        account: &PspAccountId,
    ) -> Result<AccountView, PspError> {
        let path = format!("/v1/accounts/{}", checked(account.as_str())?);
        let account: ConnectedAccount =
            self.get("retrieve_merchant", self.access(credentials)?, path, Form::new()).await?;
        Ok(account_view(&account))
    }

    async fn onboarding_link(
        &self,
        credentials: &Credentials,
        account: &PspAccountId,
        return_url: &str,
        refresh_url: &str,
    ) -> Result<String, PspError> {
        let form = Form::new()
            .with("account", account)
            .with("type", "account_onboarding")
            .with("return_url", return_url)
            .with("refresh_url", refresh_url);
        let path = "/v1/account_links".to_owned();
        let link: Link = self.post_again("create_account_link", credentials, path, form).await?;
        Ok(link.url)
    }

    async fn dashboard_link(
        &self,
        credentials: &Credentials,
        account: &PspAccountId,
    ) -> Result<Option<String>, PspError> {
        let path = format!("/v1/accounts/{}/login_links", checked(account.as_str())?);
        let link = self.post_again("create_login_link", credentials, path, Form::new()).await;
        match link {
            Ok(Link { url }) => Ok(Some(url)),
            // Only accounts whose dashboard is ours to open have one.
            Err(PspError::Refused(refusal)) if !refusal.unauthorized => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn group_payment(
        &self,
        credentials: &Credentials,
        reference: &PspReference,
        order: &OrderReference,
        key: &IdempotencyKey,
    ) -> Result<(), PspError> {
        let path = format!("/v1/payment_intents/{}", checked(reference.as_str())?);
        let form = Form::new().with("transfer_group", order);
        let intent = self.post("group_payment", self.access(credentials)?, path, form, key).await?;
        let serde::de::IgnoredAny = intent;
        Ok(())
    }

    async fn settlement_currency(
        &self,
        credentials: &Credentials,
        charge: &PspChargeId,
    ) -> Result<Option<Currency>, PspError> {
        let path = format!("/v1/charges/{}", checked(charge.as_str())?);
        let form = Form::new().with("expand[]", "balance_transaction");
        let charge: SettledCharge =
            self.get("retrieve_charge", self.access(credentials)?, path, form).await?;
        match charge.balance_transaction {
            Some(Expandable::Object(transaction)) => {
                let BalanceTransaction { currency } = *transaction;
                Currency::parse(&currency).map(Some).map_err(|error| {
                    PspError::Unknown(format!("the answer cannot be read: {error}"))
                })
            }
            Some(Expandable::Reference(_)) | None => Ok(None),
        }
    }

    async fn transfer(
        &self,
        credentials: &Credentials,
        order: &OrderReference,
        transfer: &NewTransfer,
        key: &IdempotencyKey,
    ) -> Result<PspTransferId, PspError> {
        let form = transfer_form(order, transfer).map_err(not_expressible)?;
        let path = "/v1/transfers".to_owned();
        let made: Move = self.post("transfer", self.access(credentials)?, path, form, key).await?;
        Ok(PspTransferId::new(made.id))
    }

    async fn reverse(
        &self,
        credentials: &Credentials,
        transfer: &PspTransferId,
        reversal: ReversalId,
        amount: Money,
        key: &IdempotencyKey,
    ) -> Result<PspReversalId, PspError> {
        let amount = to_stripe(amount).map_err(not_expressible)?;
        let form = Form::new().with("amount", amount);
        let form = metadata::with_own(form, metadata::REVERSAL_ID, &reversal.to_string());
        let path = reversals(transfer)?;
        let made: Move = self.post("reverse", self.access(credentials)?, path, form, key).await?;
        Ok(PspReversalId::new(made.id))
    }

    async fn find_transfer(
        &self,
        credentials: &Credentials,
        order: &OrderReference,
        transfer: TransferId,
    ) -> Result<Option<PspTransferId>, PspError> {
        let list = ("/v1/transfers", Form::new().with("transfer_group", order));
        let own = (metadata::TRANSFER_ID, transfer.to_string());
        let found = self.find_move("find_transfer", credentials, list, own).await?;
        Ok(found.map(PspTransferId::new))
    }

    async fn find_reversal(
        &self,
        credentials: &Credentials,
        transfer: &PspTransferId,
        reversal: ReversalId,
    ) -> Result<Option<PspReversalId>, PspError> {
        let path = reversals(transfer)?;
        let list = (path.as_str(), Form::new());
        let own = (metadata::REVERSAL_ID, reversal.to_string());
        let found = self.find_move("find_reversal", credentials, list, own).await?;
        Ok(found.map(PspReversalId::new))
    }
}

impl StripePsp {
    /// A POST that may happen more than once: each makes a link of its own.
    async fn post_again<T: DeserializeOwned>(
        &self,
        name: &'static str,
        credentials: &Credentials,
        path: String,
        form: Form,
    ) -> Result<T, PspError> {
        let access = self.access(credentials)?;
        let call = Call { name, method: Method::POST, path, form, access, key: None };
        read(&self.client.call(&call).await?)
    }

    /// The id of the transfer or reversal that carries our id.
    async fn find_move(
        &self,
        name: &'static str,
        credentials: &Credentials,
        list: (&str, Form),
        (key, wanted): (&'static str, String),
    ) -> Result<Option<String>, PspError> {
        self.search(name, credentials, list, |found: Move| {
            let id = metadata::value(found.metadata.as_ref(), key);
            (id == Some(wanted.as_str())).then_some(found.id)
        })
        .await
    }
}

/// The path of a transfer's reversals.
fn reversals(transfer: &PspTransferId) -> Result<String, PspError> {
    Ok(format!("/v1/transfers/{}/reversals", checked(transfer.as_str())?))
}

/// An account whose onboarding and dashboard are Stripe's. Transfers alone are not granted
/// everywhere, so being paid by card is asked for as well (docs.stripe.com/connect/account-capabilities).
fn account_form(request: &CreateAccount<'_>) -> Form {
    let form = Form::new()
        .with("type", "express")
        .with("capabilities[card_payments][requested]", true)
        .with("capabilities[transfers][requested]", true)
        .with_some("business_profile[name]", request.name);
    let installation = request.installation.to_string();
    let form = metadata::with_own(form, metadata::TENANT, request.tenant.as_str());
    let form = metadata::with_own(form, metadata::MERCHANT, request.reference.as_str());
    let form = metadata::with_own(form, metadata::MERCHANT_ID, &request.merchant.to_string());
    metadata::with_own(form, metadata::INSTALLATION_ID, &installation)
}

fn transfer_form(order: &OrderReference, transfer: &NewTransfer) -> Result<Form, AmountError> {
    let form = with_amount(Form::new(), transfer.amount)?
        .with("destination", &transfer.destination)
        .with("transfer_group", order)
        .with("description", format!("Order {order}"))
        .with_some("source_transaction", transfer.source.as_ref().map(PspChargeId::as_str));
    let form = metadata::with_own(form, metadata::ORDER, order.as_str());
    let form = metadata::with_own(form, metadata::MERCHANT, transfer.merchant.as_str());
    Ok(metadata::with_own(form, metadata::TRANSFER_ID, &transfer.id.to_string()))
}

/// What decides where an onboarding stands (contract/stripe.md section 5).
fn account_view(account: &ConnectedAccount) -> AccountView {
    let none = crate::objects::Requirements::default();
    let requirements = account.requirements.as_ref().unwrap_or(&none);
    let some = |due: &Option<Vec<String>>| due.as_ref().is_some_and(|due| !due.is_empty());
    let reason = requirements.disabled_reason.as_deref();
    let deadline = requirements.current_deadline;
    let facts = AccountFacts {
        rejected: reason.is_some_and(|reason| reason.contains("rejected")),
        disabled: reason.is_some(),
        details_submitted: account.details_submitted,
        charges_enabled: account.charges_enabled,
        payouts_enabled: account.payouts_enabled,
        transfers_active: account.capabilities.get("transfers").is_some_and(|of| of == "active"),
        past_due: some(&requirements.past_due),
        currently_due: some(&requirements.currently_due),
        current_deadline: deadline.and_then(|at| Timestamp::from_second(at).ok()),
        eventually_due: some(&requirements.eventually_due),
        pending_verification: some(&requirements.pending_verification),
    };
    AccountView { id: PspAccountId::new(account.id.as_str()), facts }
}
