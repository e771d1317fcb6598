//! Payments: listed, stuck, and one with everything that belongs to it.

use app::limits::CALL_STALE;
use app::operate::stuck_since;
use app::ports::{
    CallOutcome, Entropy, InboxItem, InboxOutcome, NewMessage, OperatorStore, PaymentQuery,
};
use jiff::SignedDuration;
use payment::{
    Account, CommandId, Items, OrderReference, Payment, PspReference, Purpose, Refund, RefundId,
    RefundState, Settlement, Status,
};
use testkit::builders;

use super::site::Site;

pub async fn payments_are_listed_by_tenant_and_status_the_newest_first(site: Site) {
    for (tenant, order) in [
        (builders::tenant_id(), "DE--1"),
        (builders::tenant_id(), "DE--2"),
        (builders::other_tenant_id(), "AT--1"),
    ] {
        let order = OrderReference::new(order);
        let payment = builders::payment_of(&site.entropy, tenant, order);
        site.write(&payment, None, None).await;
    }
    assert_eq!(site.orders(&site.payments(None)).await, ["AT--1", "DE--2", "DE--1"]);
    let of_tenant = site.payments(Some(builders::tenant_id()));
    assert_eq!(site.orders(&of_tenant).await, ["DE--2", "DE--1"]);
    let one = PaymentQuery { limit: 1, ..of_tenant.clone() };
    let page = site.operator.list_payments(&one).await.unwrap();
    assert_eq!((page.rows.len(), page.more), (1, true));
    for tenant in [None, Some(builders::tenant_id())] {
        let of_status =
            |status| PaymentQuery { status: Some(status), ..site.payments(tenant.clone()) };
        assert_eq!(site.orders(&of_status(Status::Captured)).await, [""; 0]);
        assert!(site.orders(&of_status(Status::New)).await.contains(&"DE--2".to_owned()));
    }
}

pub async fn a_payment_is_stuck_by_its_call_its_command_its_message_or_its_money(site: Site) {
    let of_order = |order: &str| {
        let order = OrderReference::new(order);
        builders::payment_of(&site.entropy, builders::tenant_id(), order)
    };
    site.write(&of_order("fine"), None, None).await;
    let called = of_order("called").plan(builders::call(&site.entropy, Purpose::Create)).unwrap();
    site.write(&called, None, None).await;
    for order in ["commanded", "told"] {
        site.write(&of_order(order), None, None).await;
    }
    let command = builders::command(&site.entropy, "capture");
    site.receive(&InboxItem { order_key: Some("commanded".into()), ..command }).await;
    site.work(InboxOutcome::Parked("why".into())).await;
    let message = builders::message(&site.entropy, "PaymentCaptured");
    site.tell(&[NewMessage { order_key: "told".into(), ..message }]).await;
    site.park_messages().await;
    for (order, refunded) in [("kept", RefundState::Failed), ("on its way", RefundState::Pending)] {
        let mut record = of_order(order).into_record();
        record.status = Status::CancelRequested;
        record.captured = record.checkout.total;
        record.refunds = vec![Refund {
            id: RefundId::new(site.entropy.new_id()),
            reference: None,
            items: Items::new(),
            amount: record.captured,
            state: refunded,
            succeeded_at: None,
        }];
        site.write(&Payment::restore(record), None, None).await;
    }
    for tenant in [None, Some(builders::tenant_id())] {
        let stuck = || PaymentQuery {
            stuck_since: Some(stuck_since(site.entropy.now())),
            ..site.payments(tenant.clone())
        };
        assert!(!site.orders(&stuck()).await.contains(&"called".to_owned()), "a fresh call");
        site.advance(CALL_STALE + SignedDuration::from_secs(1));
        assert_eq!(site.orders(&stuck()).await, ["called", "commanded", "told", "kept"]);
        site.entropy.set(site.entropy.now() - CALL_STALE - SignedDuration::from_secs(1));
    }
}

pub async fn a_payment_file_is_found_by_any_of_its_names_and_has_everything(site: Site) {
    let call = builders::call(&site.entropy, Purpose::Create);
    let command = CommandId::new(site.entropy.new_id());
    let call = payment::Call { command: Some(command), ..call };
    let planned = builders::payment(&site.entropy).plan(call.clone()).unwrap();
    site.write(&planned, None, None).await;
    let mut record = planned.clone().into_record();
    record.open_call = None;
    record.attempts[0].reference = Some(PspReference::new("pi_1"));
    let payment = Payment::restore(record);
    let reason = Some("the amount is too small".to_owned());
    let settled = Settlement { call: call.id, succeeded: false, reason: reason.clone() };
    site.write(&payment, Some(1), Some(settled)).await;
    site.parked_command("capture").await;
    site.tell(&[builders::message(&site.entropy, "PaymentCreated")]).await;
    let elsewhere = Account { mode: payment::Mode::Live, ..builders::account() };
    site.advance(SignedDuration::from_secs(1));
    let mut record = builders::payment(&site.entropy).into_record();
    record.account = elsewhere;
    let other = Payment::restore(record);
    site.write(&other, None, None).await;

    let (tenant, now) = (builders::tenant_id(), site.entropy.now());
    for key in [payment.id.to_string(), "pi_1".into()] {
        let file = site.operator.payment_file(&tenant, &key, now).await.unwrap().unwrap();
        assert_eq!(file.case.payment, payment);
        assert_eq!(file.history.len(), 2);
        let at = payment.created_at;
        assert_eq!(file.calls[0].outcome, CallOutcome::Failed { at, reason: reason.clone() });
        assert_eq!((file.calls.len(), file.calls[0].command), (1, Some(command)));
        assert_eq!((file.case.inbox.len(), file.case.outbox.len()), (1, 1));
        assert_eq!(file.others, [other.id]);
    }
    let newest = site.operator.payment_file(&tenant, "DE--1", now).await.unwrap().unwrap();
    assert_eq!((newest.case.payment.id, newest.others), (other.id, vec![payment.id]));
    assert_eq!(site.operator.payment_file(&tenant, "DE--9", now).await.unwrap(), None);
}
