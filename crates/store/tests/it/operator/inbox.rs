//! Inbox rows: tried again, ended for good, listed.

use app::limits::LEASE;
use app::ports::{
    Entropy, InboxOutcome, InboxRow, InboxState, Intervention, OperatorStore, Received, RowFilter,
    RowQuery, Store,
};
use jiff::SignedDuration;
use testkit::builders;

use super::site::{Site, changed};

/// R10: a command that comes back keeps its place before the newer ones of its order.
pub async fn a_retried_command_comes_before_the_newer_ones_of_its_order(site: Site) {
    let capture = site.parked_command("capture").await;
    let refund = builders::command(&site.entropy, "refund");
    site.receive(&refund).await;
    let row = changed(site.retry(capture.id).await);
    assert_eq!(row.state, InboxState::Due { at: site.entropy.now() });
    assert_eq!(site.inbox_row(refund.id).await.state, InboxState::Held { by: capture.id });
    let held = changed(site.retry(refund.id).await);
    assert_eq!(held.state, InboxState::Held { by: capture.id }, "it cannot jump the queue");
    assert_eq!(site.claimed().await, ["capture"]);
    assert_eq!(site.claimed().await, [""; 0], "one at a time");

    site.advance(LEASE + SignedDuration::from_secs(1));
    site.work(InboxOutcome::Done("captured".into())).await;
    assert_eq!(site.claimed().await, ["refund"]);
}

pub async fn a_row_that_somebody_works_on_is_left_alone_until_its_lease_ends(site: Site) {
    let capture = site.parked_command("capture").await;
    let refund = builders::command(&site.entropy, "refund");
    site.receive(&refund).await;
    assert_eq!(site.claimed().await, ["refund"]);
    let until = site.entropy.now() + LEASE;
    assert_eq!(site.retry(refund.id).await, Intervention::Busy { until });
    assert_eq!(site.retry(capture.id).await, Intervention::Busy { until }, "nor beside it");
    assert!(matches!(site.inbox_row(capture.id).await.state, InboxState::Parked { .. }));

    site.advance(LEASE + SignedDuration::from_secs(1));
    changed(site.retry(capture.id).await);
    assert_eq!(site.claimed().await, ["capture"]);
}

pub async fn a_postponed_row_is_due_at_once(site: Site) {
    let event = builders::event(&site.entropy, "evt_1");
    site.receive(&event).await;
    let at = site.entropy.now() + SignedDuration::from_mins(5);
    site.work(InboxOutcome::Later { at, reason: "the provider is down".into() }).await;
    let row = site.inbox_row(event.id).await;
    assert_eq!((row.state, row.tries), (InboxState::Due { at }, 1));
    assert_eq!(row.note.as_deref(), Some("the provider is down"));
    assert_eq!(site.claimed().await, [""; 0]);
    changed(site.retry(event.id).await);
    assert_eq!(site.claimed().await, ["evt_1"]);
}

pub async fn what_has_ended_is_not_retried_and_what_may_succeed_is_not_discarded(site: Site) {
    let event = builders::event(&site.entropy, "evt_1");
    site.receive(&event).await;
    let discarded = site.operator.discard_inbox(&site.touch(event.id), "why").await.unwrap();
    assert!(matches!(discarded, Intervention::Refused(_)), "it waits: {discarded:?}");
    site.work(InboxOutcome::Done("applied".into())).await;
    let done = InboxState::Done { at: site.entropy.now() };
    let Intervention::Refused(row) = site.retry(event.id).await else { panic!("it is done") };
    assert_eq!(row.state, done);
    assert_eq!(site.claimed().await, [""; 0]);
}

pub async fn a_discarded_command_has_ended_and_is_still_recognized(site: Site) {
    let command = site.parked_command("capture").await;
    let touch = site.touch(command.id);
    let row = changed(site.operator.discard_inbox(&touch, "refunded by hand").await.unwrap());
    assert_eq!(row.state, InboxState::Discarded { at: site.entropy.now() });
    let note = row.note.unwrap();
    assert!(note.contains("refunded by hand") && note.contains("keys are refused"), "{note}");
    assert_eq!(site.server.receive(command.clone()).await.unwrap(), Received::Duplicate);
    assert_eq!(site.claimed().await, [""; 0]);
    assert_eq!(site.server.backlog(site.entropy.now()).await.unwrap().inbox_parked, 0);
    assert!(matches!(site.retry(command.id).await, Intervention::Refused(_)));
    let body = site.operator.inbox_body(&command.tenant, command.id).await.unwrap();
    assert_eq!(body.unwrap(), command.body, "nothing is deleted");
}

pub async fn lists_of_rows_are_ordered_limited_and_say_whether_there_are_more(site: Site) {
    let parked = site.parked_command("capture").await;
    let foreign = builders::event(&site.entropy, "evt_foreign");
    site.receive(&foreign).await;
    site.work(InboxOutcome::Foreign).await;
    let waiting = builders::event(&site.entropy, "evt_1");
    site.receive(&waiting).await;
    let ids = |rows: Vec<InboxRow>| rows.into_iter().map(|row| row.id).collect::<Vec<_>>();
    for tenant in [None, Some(builders::tenant_id())] {
        for (filter, expected) in [
            (RowFilter::Open, vec![parked.id, waiting.id]),
            (RowFilter::Parked, vec![parked.id]),
            (RowFilter::Waiting, vec![waiting.id]),
            (RowFilter::All, vec![waiting.id, foreign.id, parked.id]),
        ] {
            let page = site.operator.list_inbox(&site.rows(tenant.clone(), filter)).await.unwrap();
            assert_eq!((page.more, ids(page.rows)), (false, expected), "{filter:?}");
        }
        let query = RowQuery { limit: 1, ..site.rows(tenant, RowFilter::Open) };
        let page = site.operator.list_inbox(&query).await.unwrap();
        assert_eq!((page.more, ids(page.rows)), (true, vec![parked.id]));
    }
}
