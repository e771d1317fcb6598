//! Customers and tenants who are erased.

use app::ports::{
    CommitOutcome, Entropy, Erased, Erasure, ErasureOutcome, ErasureSubject, Expected, InboxItem,
    InboxOutcome, OperatorStore, Store, TenantChange, TenantCommit, UnsettledPayment,
    UnsettledReason,
};
use app::tenant::{Settings, Tenant, TenantStatus};
use payment::{Checkout, OrderReference, Payment, PspReference, Status};
use testkit::builders;

use super::site::Site;

const PI: &str = "pi_1";

async fn erased(site: &Site, subject: ErasureSubject, rehearsed: bool) -> ErasureOutcome {
    let (tenant, now) = (builders::tenant_id(), site.entropy.now());
    site.operator.erase(&Erasure { tenant, subject, now, rehearsed }).await.unwrap()
}

fn all(payments: &[&str], bodies: u64, credentials: u64) -> ErasureOutcome {
    let payments = payments.iter().map(|order| (*order).to_owned()).collect();
    ErasureOutcome::Erased(Erased { payments, bodies, credentials })
}

/// A payment of which nothing is open any more.
async fn settled(site: &Site, order: &str, reference: &str) -> Payment {
    let order = OrderReference::new(order);
    let payment = builders::payment_of(&site.entropy, builders::tenant_id(), order);
    let mut record = payment.into_record();
    record.status = Status::Canceled;
    record.attempts[0].reference = Some(PspReference::new(reference));
    let payment = Payment::restore(record);
    site.write(&payment, None, None).await;
    payment
}

/// An event whose body names the payment as Stripe does.
fn event(site: &Site) -> InboxItem {
    let body = format!(r#"{{"id":"{PI}","name":"Sonia Wagner"}}"#).into_bytes();
    InboxItem { body, ..builders::event(&site.entropy, "evt_1") }
}

async fn checkout(site: &Site, payment: &Payment) -> Checkout {
    let stored = site.server.payment(&payment.tenant, payment.id).await.unwrap().unwrap();
    stored.value.checkout.clone()
}

pub async fn a_customer_is_erased_by_reference_or_address_once_all_is_settled(site: Site) {
    let payment = settled(&site, "DE--1", PI).await;
    let event = event(&site);
    site.receive(&event).await;
    let by_address = ErasureSubject::Customer("SONIA@shop.example".into());
    let waits = UnsettledPayment { order: "DE--1".into(), reason: UnsettledReason::Inbox };
    let unsettled = ErasureOutcome::Unsettled(vec![waits]);
    assert_eq!(erased(&site, by_address.clone(), false).await, unsettled);
    site.work(InboxOutcome::Done("applied".into())).await;

    assert_eq!(erased(&site, by_address.clone(), true).await, all(&["DE--1"], 1, 0));
    assert_eq!(checkout(&site, &payment).await, payment.checkout, "it was a rehearsal");
    assert_eq!(erased(&site, by_address.clone(), false).await, all(&["DE--1"], 1, 0));
    assert_eq!(checkout(&site, &payment).await, payment.checkout.clone().without_customer());
    let body = site.operator.inbox_body(&event.tenant, event.id).await.unwrap();
    assert_eq!(body, None);
    assert_eq!(erased(&site, by_address, false).await, all(&[], 0, 0), "nobody is left");

    settled(&site, "DE--2", "pi_2").await;
    let another = ErasureSubject::Customer("DE--99".into());
    assert_eq!(erased(&site, another, false).await, all(&[], 0, 0));
    let by_reference = ErasureSubject::Customer("DE--21".into());
    assert_eq!(erased(&site, by_reference, false).await, all(&["DE--2"], 0, 0));
}

pub async fn a_tenant_is_erased_with_its_keys_once_it_is_disconnected(site: Site) {
    let payment = settled(&site, "DE--1", PI).await;
    site.receive(&event(&site)).await;
    site.work(InboxOutcome::Done("applied".into())).await;
    site.tell(&[builders::message(&site.entropy, "PaymentCaptured")]).await;
    assert_eq!(erased(&site, ErasureSubject::Tenant, false).await, ErasureOutcome::Connected);

    let tenant = builders::tenant(builders::tenant_id(), &site.entropy);
    let credentials = builders::credentials(builders::account());
    let commit = TenantCommit {
        tenant: Tenant { status: TenantStatus::Disconnected, ..tenant },
        expected: Expected::Version(1),
        now: site.entropy.now(),
        change: TenantChange::Credentials(Box::new(credentials)),
        messages: Vec::new(),
    };
    assert_eq!(site.server.commit_tenant(commit).await.unwrap(), CommitOutcome::Committed);
    let id = builders::tenant_id();
    let known = site.server.addressee(&id).await.unwrap().unwrap();
    assert_eq!(erased(&site, ErasureSubject::Tenant, false).await, all(&["DE--1"], 1, 1));

    let another = builders::event(&site.entropy, "evt_2");
    let received = site.server.receive_of_known(another, known.version).await.unwrap();
    assert!(!received, "what was known of it is of no use any more");
    assert_eq!(checkout(&site, &payment).await, payment.checkout.clone().without_customer());
    let stored = site.server.tenant(&id).await.unwrap().unwrap();
    assert_eq!(stored.value.settings, Settings::default());
    assert!(site.server.all_credentials(&id).await.unwrap().is_empty());
    assert_eq!(site.poll().await, [], "nobody reads what was told");
}

pub async fn whether_it_can_be_written_is_tried_and_undone(site: Site) {
    let before = site.server.installation().await.unwrap();
    site.operator.check_write().await.unwrap();
    assert_eq!(site.server.installation().await.unwrap(), before);
}
