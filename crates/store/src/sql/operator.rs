//! The database as an operator uses it from a terminal, beside a running server.
//!
//! - [`payments`]: one payment with all that is open for it, and lists of them.
//! - [`tenants`]: which there are. [`state`]: the database itself.
//! - [`inbox`], [`outbox`]: their rows, and what may be done about one.
//!
//! Lists name rows by tenant and id, and each row is then read by them: that way every row is read
//! in one place, and starts from its tenant.

mod inbox;
mod outbox;
mod payments;
mod state;
mod tenants;

use ::payment::{CommandId, PaymentId, TenantId};
use app::ports::{
    Erasure, ErasureOutcome, InboxRow, Intervention, MessageId, NewToken, OperatorStore, OutboxRow,
    Page, PaymentCase, PaymentFile, PaymentQuery, RowQuery, StoreError, TokenHash, TokenRow,
    Tokens, Touch,
};
use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use super::{across_tenants, erase, token};
use crate::database::{Database, Params, params};
use crate::driver::Driver;
use crate::error::At;
use crate::job::Written;

/// For `statements`, which looks at every one of them.
#[cfg(test)]
pub(super) fn all_statements() -> Vec<&'static str> {
    [&[KNOWS_TENANT], payments::STATEMENTS, inbox::STATEMENTS, outbox::STATEMENTS].concat()
}

pub(super) use payments::STUCK_MAX;
pub use state::Rewritten;

const KNOWS_TENANT: &str = "SELECT 1 FROM tenant WHERE id = ?1";

/// A row of any table: its tenant and its id.
pub(super) type Key = (String, String);

/// The database of an installation, opened beside the server that works on it or without one.
///
/// It takes no lock and clears no lease, because both belong to the server. A write is one short
/// transaction; the server and this wait for each other as two connections of one program do. On
/// SQLite statements run on the thread that asks.
pub struct DatabaseOperator {
    pub(crate) driver: Driver,
}

impl DatabaseOperator {
    /// Runs a change and keeps it only where it came about and is no rehearsal.
    async fn change<Row: Send + 'static>(
        &self,
        rehearsed: bool,
        operation: impl Fn(&Database) -> Result<Intervention<Row>, StoreError> + Send + 'static,
    ) -> Result<Intervention<Row>, StoreError> {
        self.driver
            .write(move |db| {
                let done = operation(db)?;
                let keep = !rehearsed && matches!(done, Intervention::Changed(_));
                Ok(if keep { Written::Keep(done) } else { Written::Undo(done) })
            })
            .await
    }
}

#[async_trait]
impl OperatorStore for DatabaseOperator {
    async fn knows_tenant(&self, tenant: &TenantId) -> Result<bool, StoreError> {
        let tenant = tenant.clone();
        self.driver
            .read(move |db| db.exists(KNOWS_TENANT, params![tenant.as_str()]).at("tenant"))
            .await
    }

    async fn list_payments(&self, query: &PaymentQuery) -> Result<Page<PaymentCase>, StoreError> {
        let query = query.clone();
        self.driver.read(move |db| payments::list(db, &query)).await
    }

    async fn payment_file(
        &self,
        tenant: &TenantId,
        key: &str,
        now: Timestamp,
    ) -> Result<Option<PaymentFile>, StoreError> {
        let (tenant, key) = (tenant.clone(), key.to_owned());
        self.driver.read(move |db| payments::file(db, &tenant, &key, now)).await
    }

    async fn list_inbox(&self, query: &RowQuery) -> Result<Page<InboxRow>, StoreError> {
        let query = query.clone();
        self.driver.read(move |db| inbox::list(db, &query)).await
    }

    async fn inbox_row(
        &self,
        tenant: &TenantId,
        id: CommandId,
        now: Timestamp,
    ) -> Result<Option<InboxRow>, StoreError> {
        let tenant = tenant.clone();
        self.driver.read(move |db| inbox::row(db, &tenant, &id.to_string(), now)).await
    }

    async fn inbox_body(
        &self,
        tenant: &TenantId,
        id: CommandId,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let tenant = tenant.clone();
        self.driver.read(move |db| inbox::body(db, &tenant, id)).await
    }

    async fn retry_inbox(
        &self,
        row: &Touch<CommandId>,
    ) -> Result<Intervention<InboxRow>, StoreError> {
        let row = row.clone();
        self.change(row.rehearsed, move |db| inbox::retry(db, &row)).await
    }

    async fn discard_inbox(
        &self,
        row: &Touch<CommandId>,
        reason: &str,
    ) -> Result<Intervention<InboxRow>, StoreError> {
        let (row, reason) = (row.clone(), reason.to_owned());
        self.change(row.rehearsed, move |db| inbox::discard(db, &row, &reason)).await
    }

    async fn list_outbox(&self, query: &RowQuery) -> Result<Page<OutboxRow>, StoreError> {
        let query = query.clone();
        self.driver.read(move |db| outbox::list(db, &query)).await
    }

    async fn outbox_row(
        &self,
        tenant: &TenantId,
        id: MessageId,
        now: Timestamp,
    ) -> Result<Option<OutboxRow>, StoreError> {
        let tenant = tenant.clone();
        self.driver.read(move |db| outbox::row(db, &tenant, &id.0.to_string(), now)).await
    }

    async fn outbox_body(
        &self,
        tenant: &TenantId,
        id: MessageId,
    ) -> Result<Option<String>, StoreError> {
        let tenant = tenant.clone();
        self.driver.read(move |db| outbox::body(db, &tenant, id)).await
    }

    async fn retry_outbox(
        &self,
        row: &Touch<MessageId>,
    ) -> Result<Intervention<OutboxRow>, StoreError> {
        let row = row.clone();
        self.change(row.rehearsed, move |db| outbox::retry(db, &row)).await
    }

    async fn discard_outbox(
        &self,
        row: &Touch<MessageId>,
        reason: &str,
    ) -> Result<Intervention<OutboxRow>, StoreError> {
        let (row, reason) = (row.clone(), reason.to_owned());
        self.change(row.rehearsed, move |db| outbox::discard(db, &row, &reason)).await
    }

    async fn erase(&self, erasure: &Erasure) -> Result<ErasureOutcome, StoreError> {
        let erasure = erasure.clone();
        self.driver.write(move |db| erase::erase(db, &erasure)).await
    }
}

/// The rows that a statement names.
pub(super) fn keys(
    db: &Database,
    table: &'static str,
    sql: &'static str,
    parameters: Params,
) -> Result<Vec<Key>, StoreError> {
    db.rows(sql, parameters, |row| Ok((row.get(0)?, row.get(1)?))).at(table)
}

/// One more than was asked for is looked for, so that a list can say whether there are more.
pub(super) fn probe(limit: u32) -> u32 {
    limit.saturating_add(1)
}

/// Reads the rows of a list. A row that was named in the same snapshot is there.
fn page<T>(
    keys: Vec<Key>,
    limit: u32,
    read: impl Fn(&TenantId, &str) -> Result<Option<T>, StoreError>,
) -> Result<Page<T>, StoreError> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut page = Page { rows: Vec::new(), more: false };
    for (tenant, id) in keys {
        let Some(row) = read(&TenantId::new(tenant), &id)? else { continue };
        if page.rows.len() == limit {
            page.more = true;
            break;
        }
        page.rows.push(row);
    }
    Ok(page)
}

/// What the note of a row that was given up says: who, why, and what was wrong with it before.
fn given_up(reason: &str, before: Option<&str>) -> String {
    match before {
        Some(before) => format!("discarded by an operator: {reason} (was: {before})"),
        None => format!("discarded by an operator: {reason}"),
    }
}

/// Says which payment a row that does not read belongs to: an operator sees many at once.
fn of_payment(id: PaymentId) -> impl Fn(StoreError) -> StoreError {
    move |error| match error {
        StoreError::Corrupt { table, detail } => {
            StoreError::Corrupt { table, detail: format!("payment {id}: {detail}") }
        }
        StoreError::Unavailable(_) | StoreError::Full(_) | StoreError::Sealed { .. } => error,
    }
}

#[async_trait]
impl Tokens for DatabaseOperator {
    async fn tenant_of_token(
        &self,
        hash: &TokenHash,
        now: Timestamp,
    ) -> Result<Option<TenantId>, StoreError> {
        let hash = *hash;
        self.driver.read(move |db| across_tenants::secrets::tenant_of_token(db, &hash, now)).await
    }

    async fn add_token(&self, new: NewToken) -> Result<(), StoreError> {
        self.driver.write(move |db| token::add(db, &new).map(Written::Keep)).await
    }

    async fn tokens(&self, tenant: &TenantId) -> Result<Vec<TokenRow>, StoreError> {
        let tenant = tenant.clone();
        self.driver.read(move |db| token::of_tenant(db, &tenant)).await
    }

    async fn revoke_token(
        &self,
        tenant: &TenantId,
        id: Uuid,
        now: Timestamp,
    ) -> Result<Option<TokenRow>, StoreError> {
        let tenant = tenant.clone();
        self.driver.write(move |db| token::revoke(db, &tenant, id, now).map(Written::Keep)).await
    }
}
