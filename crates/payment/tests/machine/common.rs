//! A payment in every situation, reached the way real payments reach it.

use jiff::Timestamp;
use payment::*;
use uuid::Uuid;

pub fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::parse("EUR").unwrap()).unwrap()
}

pub fn items(ids: &[i64]) -> Items {
    ids.iter().copied().map(OrderItemId).collect()
}

pub fn checkout(total: Money, ids: &[i64]) -> Checkout {
    Checkout {
        order_reference: Some(OrderReference::new("DE--1")),
        total,
        items: ids
            .iter()
            .map(|id| OrderItem {
                id: Some(OrderItemId(*id)),
                sku: format!("sku-{id}"),
                name: format!("Item {id}"),
                quantity: 1,
                unit_price_minor: 100,
            })
            .collect(),
        payment_method: Some("stripe".into()),
        locale: Some("de_DE".into()),
        store: Some("DE".into()),
        customer: Customer::default(),
        shipping: None,
        additional: Vec::new(),
        redirects: Redirects::default(),
    }
}

pub fn fresh() -> Payment {
    Payment::new(
        PaymentId::new(Uuid::from_u128(1)),
        TenantId::new("tenant-test-0001"),
        Account { id: PspAccountId::new("acct_1"), mode: Mode::Test },
        checkout(eur(1000), &[1, 2]),
        AttemptId::new(Uuid::from_u128(2)),
        Timestamp::UNIX_EPOCH,
    )
}

pub fn call(purpose: Purpose) -> Call {
    Call {
        id: CallId::new(Uuid::from_u128(3)),
        key: IdempotencyKey::new("key"),
        purpose,
        command: None,
        planned_at: Timestamp::UNIX_EPOCH,
    }
}

pub fn command_id(n: u128) -> CommandId {
    CommandId::new(Uuid::from_u128(n))
}

pub fn refund_id(n: u128) -> RefundId {
    RefundId::new(Uuid::from_u128(n))
}

pub fn after(payment: Payment, events: Vec<Event>) -> Payment {
    events.into_iter().fold(payment, |payment, event| payment.apply(event).unwrap().payment)
}

pub fn created() -> Event {
    Event::Created { reference: PspReference::new("pi_1") }
}

pub fn authorized() -> Event {
    Event::Authorized { capturable: eur(1000), multicapture: Some(true) }
}

pub fn captured(total: i64, rest: i64) -> Event {
    Event::Captured { total: eur(total), capturable: eur(rest) }
}

pub fn capture_purpose(ids: &[i64], amount: i64) -> Purpose {
    Purpose::Capture { items: items(ids), amount: eur(amount), last: false }
}

/// A payment in each status.
pub fn in_status(status: Status) -> Payment {
    let new = after(fresh(), vec![created()]);
    let held = || after(new.clone(), vec![authorized()]);
    let with = |payment: Payment, purpose| payment.plan(call(purpose)).unwrap();
    let refused = |reason: &str| Event::CaptureRefused { reason: reason.into() };
    let payment = match status {
        Status::New => new,
        Status::AuthorizationFailed => {
            let failed = Event::Failed { reason: "debit returned".into(), retriable: false };
            after(new, vec![failed])
        }
        Status::Authorized => held(),
        Status::PartiallyCaptured => {
            after(with(held(), capture_purpose(&[1], 600)), vec![captured(600, 400)])
        }
        Status::CaptureRequested => {
            after(with(held(), capture_purpose(&[1, 2], 1000)), vec![Event::Processing])
        }
        Status::Captured => {
            after(with(held(), capture_purpose(&[1, 2], 1000)), vec![captured(1000, 0)])
        }
        Status::CaptureFailed => {
            after(with(held(), capture_purpose(&[1, 2], 1000)), vec![refused("no")])
        }
        Status::CancelRequested => {
            let cancel = Purpose::Cancel { items: items(&[1, 2]) };
            let refused = Event::CancelRefused { reason: "processing".into(), processing: true };
            after(with(new, cancel), vec![refused])
        }
        Status::Canceled => after(held(), vec![Event::Canceled { reason: None }]),
        Status::CancellationFailed => {
            let cancel = Purpose::Cancel { items: items(&[1, 2]) };
            let refused = Event::CancelRefused { reason: "no".into(), processing: false };
            after(with(held(), cancel), vec![refused])
        }
    };
    assert_eq!(payment.status, status, "the way to {status} no longer leads there");
    payment
}
