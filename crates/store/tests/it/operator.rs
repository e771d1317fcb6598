//! The database as an operator uses it beside a running server.

mod inbox;
mod outbox;
mod payments;
mod site;

use std::sync::Arc;

use app::limits::LEASE;
use app::ports::{
    CommitOutcome, Entropy, InboxOutcome, InboxSettlement, InboxState, Intervention, Lease,
    OperatorStore, OutboxState, PaymentQuery, Received, RowFilter, Store, Touch,
};
use store::{OpenError, SqliteOperator};
use testkit::builders;

use site::{Site, changed};

fn refusal(opened: Result<SqliteOperator, OpenError>) -> String {
    opened.map(|_| ()).unwrap_err().to_string()
}

#[tokio::test]
async fn a_row_is_retried_while_the_server_works() {
    let site = Site::new().await;
    let command = site.parked_command("capture").await;
    let server = Arc::clone(&site.server);
    let items: Vec<_> =
        (0..200).map(|n| builders::event(&site.entropy, &format!("evt_{n}"))).collect();
    let busy = tokio::spawn(async move {
        for item in items {
            assert_eq!(server.receive(item).await.unwrap(), Received::New);
        }
    });
    for _ in 0..20 {
        changed(site.retry(command.id).await);
        tokio::task::yield_now().await;
    }
    busy.await.unwrap();
    let claims = site.server.claim_inbox(&Lease { limit: 500, ..site.lease() }).await.unwrap();
    assert_eq!(claims.len(), 201, "nothing of either side is lost");
    let retried = claims.iter().find(|claim| claim.item.id == command.id).unwrap();
    assert_eq!((retried.tries, &retried.item), (0, &command), "its tries are counted anew");
}

#[tokio::test]
async fn opening_beside_the_server_leaves_its_leases_alone() {
    let site = Site::new().await;
    site.receive(&builders::event(&site.entropy, "evt_1")).await;
    let claim = site.server.claim_inbox(&site.lease()).await.unwrap().remove(0);
    let second = SqliteOperator::open(&site.path()).unwrap();
    let page = second.list_inbox(&site.rows(None, RowFilter::Open)).await.unwrap();
    let until = site.entropy.now() + LEASE;
    assert_eq!(page.rows[0].state, InboxState::Leased { until });
    let settlement = InboxSettlement {
        tenant: claim.item.tenant.clone(),
        id: claim.item.id,
        fence: claim.fence,
        now: site.entropy.now(),
        outcome: InboxOutcome::Done("applied".into()),
    };
    let settled = site.server.settle_inbox(settlement).await.unwrap();
    assert_eq!(settled, CommitOutcome::Committed, "the lease still holds");
}

#[tokio::test]
async fn only_a_database_of_this_version_is_opened_and_none_is_made() {
    let site = Site::new().await;
    let nowhere = site.folder.path().join("nowhere.db");
    assert!(refusal(SqliteOperator::open(&nowhere)).contains("database_url"));
    assert!(!nowhere.exists());

    let path = site.path();
    drop(site.server);
    drop(site.operator);
    let database = rusqlite::Connection::open(&path).unwrap();
    database.execute("INSERT INTO schema_migration VALUES (999, 'later', 0)", []).unwrap();
    assert!(refusal(SqliteOperator::open(&path)).contains("newer paybridge"));
    database.execute("DELETE FROM schema_migration WHERE version > 1", []).unwrap();
    assert!(refusal(SqliteOperator::open(&path)).contains("paybridge migrate"));
}

#[tokio::test]
async fn a_rehearsal_tells_what_would_be_and_changes_nothing() {
    let site = Site::new().await;
    let command = site.parked_command("capture").await;
    let before = site.inbox_row(command.id).await;
    let rehearsed = Touch { rehearsed: true, ..site.touch(command.id) };
    let row = changed(site.operator.retry_inbox(&rehearsed).await.unwrap());
    assert_eq!((row.state, row.tries), (InboxState::Due { at: site.entropy.now() }, 0));
    let row = changed(site.operator.discard_inbox(&rehearsed, "why").await.unwrap());
    assert_eq!(row.state, InboxState::Discarded { at: site.entropy.now() });
    assert_eq!(site.inbox_row(command.id).await, before);

    site.tell(&[builders::message(&site.entropy, "PaymentCaptured")]).await;
    site.park_messages().await;
    let id = site.operator.list_outbox(&site.rows(None, RowFilter::Parked)).await.unwrap();
    let rehearsed = Touch { rehearsed: true, ..site.touch(id.rows[0].id) };
    changed(site.operator.retry_outbox(&rehearsed).await.unwrap());
    changed(site.operator.discard_outbox(&rehearsed, "why").await.unwrap());
    assert!(matches!(site.outbox_row(rehearsed.id).await.state, OutboxState::Parked { .. }));
}

#[tokio::test]
async fn a_tenant_neither_sees_nor_changes_rows_of_another() {
    let site = Site::new().await;
    let command = site.parked_command("capture").await;
    let message = builders::message(&site.entropy, "PaymentCaptured");
    site.tell(std::slice::from_ref(&message)).await;
    site.park_messages().await;
    let payment = builders::payment(&site.entropy);
    site.write(&payment, None, None).await;

    let (other, now) = (builders::other_tenant_id(), site.entropy.now());
    let operator = &site.operator;
    let (command, message) = (command.id, message.id);
    let stolen = Touch { tenant: other.clone(), ..site.touch(command) };
    assert_eq!(operator.retry_inbox(&stolen).await.unwrap(), Intervention::Absent);
    assert_eq!(operator.discard_inbox(&stolen, "why").await.unwrap(), Intervention::Absent);
    let stolen = Touch { tenant: other.clone(), ..site.touch(message) };
    assert_eq!(operator.retry_outbox(&stolen).await.unwrap(), Intervention::Absent);
    assert_eq!(operator.discard_outbox(&stolen, "why").await.unwrap(), Intervention::Absent);
    assert_eq!(operator.inbox_row(&other, command, now).await.unwrap(), None);
    assert_eq!(operator.inbox_body(&other, command).await.unwrap(), None);
    assert_eq!(operator.outbox_row(&other, message, now).await.unwrap(), None);
    assert_eq!(operator.outbox_body(&other, message).await.unwrap(), None);
    for key in ["DE--1".to_owned(), payment.id.to_string()] {
        assert_eq!(operator.payment_file(&other, &key, now).await.unwrap(), None);
    }
    for filter in [RowFilter::Open, RowFilter::Parked, RowFilter::Waiting, RowFilter::All] {
        let query = site.rows(Some(other.clone()), filter);
        assert!(operator.list_inbox(&query).await.unwrap().rows.is_empty());
        assert!(operator.list_outbox(&query).await.unwrap().rows.is_empty());
    }
    let stuck = PaymentQuery { stuck_since: Some(now), ..site.payments(Some(other.clone())) };
    assert_eq!(site.orders(&stuck).await, [""; 0]);
    assert_eq!(site.orders(&site.payments(Some(other))).await, [""; 0]);

    let of_all = PaymentQuery { stuck_since: Some(now), ..site.payments(None) };
    assert_eq!(site.orders(&of_all).await, ["DE--1"], "the tenant's own operator sees it");
    assert!(matches!(site.inbox_row(command).await.state, InboxState::Parked { .. }));
    assert!(matches!(site.outbox_row(message).await.state, OutboxState::Parked { .. }));
}
