//! The database as an operator uses it beside a running server.

mod erase;
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

/// Makes a test of each case for each database.
macro_rules! on_both {
    ($($module:path: $($case:ident)*;)*) => {
        mod on_sqlite {
            $($(
                #[tokio::test]
                async fn $case() {
                    use $module as cases;
                    cases::$case(super::Site::on_sqlite().await).await;
                }
            )*)*
        }

        mod on_postgres {
            $($(
                #[tokio::test]
                async fn $case() {
                    use $module as cases;
                    cases::$case(super::Site::on_postgres().await).await;
                }
            )*)*
        }
    };
}

on_both! {
    crate::operator: a_row_is_retried_while_the_server_works a_rehearsal_tells_what_would_be_and_changes_nothing a_tenant_neither_sees_nor_changes_rows_of_another;
    crate::operator::erase: a_customer_is_erased_by_reference_or_address_once_all_is_settled a_tenant_is_erased_with_its_keys_once_it_is_disconnected whether_it_can_be_written_is_tried_and_undone;
    crate::operator::inbox: a_retried_command_comes_before_the_newer_ones_of_its_order a_row_that_somebody_works_on_is_left_alone_until_its_lease_ends a_postponed_row_is_due_at_once what_has_ended_is_not_retried_and_what_may_succeed_is_not_discarded a_discarded_command_has_ended_and_is_still_recognized lists_of_rows_are_ordered_limited_and_say_whether_there_are_more;
    crate::operator::outbox: a_retried_message_is_read_before_the_later_ones_of_its_order a_retried_message_is_pushed_again_in_its_place a_discarded_message_lets_its_order_and_what_waited_for_it_go_on messages_are_listed_by_state;
    crate::operator::payments: payments_are_listed_by_tenant_and_status_the_newest_first a_payment_is_stuck_by_its_call_its_command_its_message_or_its_money a_payment_file_is_found_by_any_of_its_names_and_has_everything;
}

fn refusal(opened: Result<SqliteOperator, OpenError>) -> String {
    opened.map(|_| ()).unwrap_err().to_string()
}

async fn a_row_is_retried_while_the_server_works(site: Site) {
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
    let site = Site::on_sqlite().await;
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
    let site = Site::on_sqlite().await;
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

async fn a_rehearsal_tells_what_would_be_and_changes_nothing(site: Site) {
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

async fn a_tenant_neither_sees_nor_changes_rows_of_another(site: Site) {
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
