//! Messages: delivered again, given up, listed.

use app::limits::{CHANNEL_HIDE, LEASE};
use app::ports::{
    After, Entropy, Intervention, NewMessage, OperatorStore, OutboxState, RowFilter, Store,
};
use testkit::builders;

use super::site::{Site, changed};

pub async fn a_retried_message_is_read_before_the_later_ones_of_its_order(site: Site) {
    let [first, second] =
        ["PaymentAuthorized", "PaymentCaptured"].map(|name| builders::message(&site.entropy, name));
    let first = NewMessage { blocks: false, ..first };
    site.tell(&[first.clone(), second.clone()]).await;
    site.park_messages().await;
    assert_eq!(site.poll().await, [second.id], "news that is parked holds nothing back");

    let touch = site.touch(first.id);
    let hidden = site.entropy.now() + CHANNEL_HIDE;
    let busy = site.operator.retry_outbox(&touch).await.unwrap();
    assert_eq!(busy, Intervention::Busy { until: hidden }, "the shop has the later one in hand");
    assert_eq!(site.outbox_row(second.id).await.state, OutboxState::Hidden { until: hidden });

    site.advance(CHANNEL_HIDE);
    let row = changed(site.operator.retry_outbox(&site.touch(first.id)).await.unwrap());
    assert!(matches!(row.state, OutboxState::Due { .. }) && row.tries == 0, "{row:?}");
    assert_eq!(site.outbox_row(second.id).await.state, OutboxState::Held { by: first.id });
    assert_eq!(site.poll().await, [first.id, second.id], "in one read, in order");
}

pub async fn a_retried_message_is_pushed_again_in_its_place(site: Site) {
    let [first, second] =
        ["PaymentAuthorized", "PaymentCaptured"].map(|name| builders::message(&site.entropy, name));
    site.tell(&[first.clone(), second.clone()]).await;
    site.park_messages().await;
    assert_eq!(site.pushed().await, [], "a parked result holds its order back");
    changed(site.operator.retry_outbox(&site.touch(first.id)).await.unwrap());
    assert_eq!(site.pushed().await, [first.id]);
    let until = site.entropy.now() + LEASE;
    assert_eq!(site.outbox_row(first.id).await.state, OutboxState::Leased { until });
    let busy = site.operator.retry_outbox(&site.touch(first.id)).await.unwrap();
    assert_eq!(busy, Intervention::Busy { until });
}

pub async fn a_discarded_message_lets_its_order_and_what_waited_for_it_go_on(site: Site) {
    let [first, second] =
        ["PaymentAuthorized", "PaymentCaptured"].map(|name| builders::message(&site.entropy, name));
    let after = NewMessage {
        order_key: "another".into(),
        after: After::Message(first.id),
        ..builders::message(&site.entropy, "AppConfigUpdated")
    };
    site.tell(&[first.clone(), second.clone(), after.clone()]).await;
    let waits = site.operator.discard_outbox(&site.touch(second.id), "why").await.unwrap();
    assert!(matches!(waits, Intervention::Refused(_)), "only what is parked: {waits:?}");
    site.park_messages().await;
    assert_eq!(site.poll().await, []);
    assert_eq!(site.outbox_row(after.id).await.state, OutboxState::Held { by: first.id });

    let touch = site.touch(first.id);
    let row = changed(site.operator.discard_outbox(&touch, "order deleted").await.unwrap());
    assert_eq!(row.state, OutboxState::Discarded { at: site.entropy.now() });
    let note = row.note.unwrap();
    assert!(note.contains("order deleted") && note.contains("HTTP 400"), "{note}");
    assert_eq!(site.poll().await, [second.id, after.id]);
    assert_eq!(site.pushed().await, [second.id, after.id], "pushed channels go on as well");
    assert_eq!(site.server.backlog(site.entropy.now()).await.unwrap().outbox_parked, 0);
    let body = site.operator.outbox_body(&builders::tenant_id(), first.id).await.unwrap();
    assert_eq!(body.unwrap(), first.body, "nothing is deleted");
    let again = site.operator.retry_outbox(&site.touch(first.id)).await.unwrap();
    assert!(matches!(again, Intervention::Refused(_)));
}

pub async fn messages_are_listed_by_state(site: Site) {
    let [parked, waiting] =
        ["PaymentAuthorized", "PaymentCaptured"].map(|name| builders::message(&site.entropy, name));
    let parked = NewMessage { blocks: false, ..parked };
    site.tell(std::slice::from_ref(&parked)).await;
    site.park_messages().await;
    site.tell(std::slice::from_ref(&waiting)).await;
    for tenant in [None, Some(builders::tenant_id())] {
        for (filter, expected) in [
            (RowFilter::Open, vec![parked.id, waiting.id]),
            (RowFilter::Parked, vec![parked.id]),
            (RowFilter::Waiting, vec![waiting.id]),
            (RowFilter::All, vec![waiting.id, parked.id]),
        ] {
            let query = site.rows(tenant.clone(), filter);
            let page = site.operator.list_outbox(&query).await.unwrap();
            let ids: Vec<_> = page.rows.into_iter().map(|row| row.id).collect();
            assert_eq!((page.more, ids), (false, expected), "{filter:?}");
        }
    }
}
