//! Events that the app was never told: their webhook was lost for good, or there was no endpoint.
//! After everything else has come to its end they are told after all, as somebody at Stripe's
//! dashboard would resend them, and then everything has to be in order.

use std::collections::{BTreeMap, BTreeSet};

use app::Store;
use axum::body::Body;
use hmac::{Hmac, KeyInit, Mac};
use http::Request;
use jiff::Timestamp;
use payment::TenantId;
use secrecy::ExposeSecret;
use serde_json::Value;
use sha2::Sha256;
use stripe_sandbox::DeliveryStatus;

use crate::checks::intents_of_tenant;
use crate::desk::Desk;
use crate::world::World;

/// What Stripe has told so far, by the id of the event, with the key of its account.
pub type Events = BTreeMap<String, (String, Value)>;

/// What a tenant was never told: its events, and the newest about each intent.
#[derive(Debug, Default)]
pub struct Lost {
    events: Vec<Value>,
    newest: BTreeMap<String, Timestamp>,
}

impl Lost {
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// When the newest event about this intent happened that the app does not know.
    pub fn newest_about(&self, intent: &str) -> Option<Timestamp> {
        self.newest.get(intent).copied()
    }
}

/// Takes down what Stripe has to tell now: after thirty days it lists an event no more.
pub async fn take_down(world: &World, desks: &[Desk]) {
    let keys: BTreeSet<String> =
        desks.iter().map(|desk| desk.shop().plan.secret_key.clone()).collect();
    for key in keys {
        let mut page = "/v1/events?limit=100".to_owned();
        loop {
            let list = world.stripe_get(&key, &page).await;
            let events = list["data"].as_array().cloned().unwrap_or_default();
            let last = events.last().and_then(|event| event["id"].as_str()).map(str::to_owned);
            let known = world.take_down(&key, events);
            let Some(last) = last.filter(|_| list["has_more"] == true && !known) else { break };
            page = format!("/v1/events?limit=100&starting_after={last}");
        }
    }
}

/// What the tenant of this desk was never told of its orders.
pub fn of(world: &World, desk: &Desk) -> Lost {
    let shop = desk.shop();
    let own: BTreeSet<String> =
        intents_of_tenant(world, &shop).into_iter().map(|intent| intent.id).collect();
    let address = format!("tenantIdentifier={}", desk.tenant);
    let told: BTreeSet<String> = world
        .sandbox
        .deliveries()
        .into_iter()
        .filter(|sent| sent.status == DeliveryStatus::Delivered && sent.url.ends_with(&address))
        .map(|sent| sent.event)
        .collect();
    let mut lost = Lost::default();
    for (id, (key, event)) in world.events() {
        let Some(intent) =
            intent_of(&event["data"]["object"]).filter(|intent| own.contains(*intent))
        else {
            continue;
        };
        if key != shop.plan.secret_key || told.contains(&id) {
            continue;
        }
        let at = event["created"].as_i64().and_then(|second| Timestamp::from_second(second).ok());
        let newest = lost.newest.entry(intent.to_owned()).or_default();
        *newest = at.unwrap_or_default().max(*newest);
        lost.events.push(event);
    }
    lost
}

fn intent_of(object: &Value) -> Option<&str> {
    match object["object"].as_str()? {
        "payment_intent" => object["id"].as_str(),
        _ => object["payment_intent"].as_str(),
    }
}

/// Tells the tenant what it was never told.
pub async fn resend(desk: &Desk, lost: &Lost) {
    let world = &desk.world;
    let credentials = world.store.all_credentials(&TenantId::new(&desk.tenant)).await;
    let endpoint = credentials.expect("the store works").into_iter().find_map(|row| row.endpoint);
    let secret = endpoint.expect("a connected tenant has an endpoint").secret;
    for event in &lost.events {
        let body = event.to_string();
        let second = world.now().as_second();
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()).unwrap();
        mac.update(format!("{second}.{body}").as_bytes());
        let signature = hex::encode(mac.finalize().into_bytes());
        let path = format!("/webhooks/test?tenantIdentifier={}", desk.tenant);
        let request = Request::post(path)
            .header("stripe-signature", format!("t={second},v1={signature}"))
            .body(Body::from(body));
        let answer = world.send(request.unwrap()).await;
        let what = format!("resends {} {}: {answer:?}", event["type"], event["id"]);
        world.trace.note("Stripe", &what);
        if !answer.is_ok_and(|(status, _)| status.is_success()) {
            world.violated(format!("{}: refused: {what}", desk.tenant));
        }
    }
}
