//! The control API of accounts: what Stripe, a merchant or time would do to one.

use std::collections::BTreeMap;

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::{get, post};
use axum::{Json, response::IntoResponse};
use bytes::Bytes;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use crate::amounts;
use crate::api::capabilities::{self, Capability, Status};
use crate::api::controllers::Dashboard;
use crate::api::events::Cause;
use crate::api::ledger::{self, BASIS_POINTS, Conversion, Entry, Movement};
use crate::api::requirements::Outcome;
use crate::api::{account, account_links, accounts, balance};
use crate::control::{Answer, Refusal, read};
use crate::desk::{Desk, Settlement};
use crate::objects::Objects;
use crate::sandbox::Sandbox;
use crate::world::SpaceKey;

/// The most a balance can be set to, either side of nothing.
const BALANCE_MAX: i64 = 1_000_000_000_000;

/// The highest rate: a hundred for one.
const RATE_BASIS_POINTS_MAX: i64 = 100 * BASIS_POINTS;

/// How much later than now pending money becomes available.
const PENDING_FOR_SECONDS: i64 = 2 * 24 * 60 * 60;

pub(crate) fn router() -> Router<Sandbox> {
    Router::new()
        .route("/_sandbox/accounts/{id}", get(show).post(change))
        .route("/_sandbox/accounts/{id}/onboarding", post(onboard))
        .route("/_sandbox/accounts/{id}/balance", post(set_balance))
        .route("/_sandbox/accounts/{id}/deauthorize", post(deauthorize))
}

/// Tells a field that is null from one that is not there.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(value: D) -> Result<Option<T>, D::Error> {
    T::deserialize(value).map(Some)
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Changes {
    multicapture: Option<bool>,
    connect: Option<bool>,
    #[serde(deserialize_with = "given")]
    settlement: Option<Option<SettlementBody>>,
    requirements: Option<RequirementChanges>,
    capabilities: BTreeMap<String, Status>,
    details_submitted: Option<bool>,
    charges_enabled: Option<bool>,
    payouts_enabled: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SettlementBody {
    currency: String,
    #[serde(default = "one_for_one")]
    rate_basis_points: i64,
}

fn one_for_one() -> i64 {
    BASIS_POINTS
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct RequirementChanges {
    currently_due: Option<Vec<String>>,
    past_due: Option<Vec<String>>,
    eventually_due: Option<Vec<String>>,
    pending_verification: Option<Vec<String>>,
    #[serde(deserialize_with = "given")]
    current_deadline: Option<Option<i64>>,
    #[serde(deserialize_with = "given")]
    disabled_reason: Option<Option<String>>,
}

fn replace<T>(field: &mut T, given: Option<T>) {
    if let Some(value) = given {
        *field = value;
    }
}

impl RequirementChanges {
    fn apply(self, requirements: &mut crate::api::requirements::Requirements) {
        replace(&mut requirements.currently_due, self.currently_due);
        replace(&mut requirements.past_due, self.past_due);
        replace(&mut requirements.eventually_due, self.eventually_due);
        replace(&mut requirements.pending_verification, self.pending_verification);
        replace(&mut requirements.current_deadline, self.current_deadline);
        replace(&mut requirements.disabled_reason, self.disabled_reason);
    }
}

impl SettlementBody {
    fn read(self) -> Result<Settlement, Refusal> {
        let Self { currency, rate_basis_points } = self;
        if !(1..=RATE_BASIS_POINTS_MAX).contains(&rate_basis_points) {
            return Err(Refusal::from(format!(
                "rate_basis_points must be between 1 and {RATE_BASIS_POINTS_MAX}, not {rate_basis_points}"
            )));
        }
        Ok(Settlement { currency: read_currency(&currency)?, rate_basis_points })
    }
}

fn read_currency(text: &str) -> Result<String, Refusal> {
    amounts::currency(text).map_err(|_| Refusal::from(format!("There is no currency {text}")))
}

/// Whether these are the objects of a connected account.
fn holds(id: &str) -> impl Fn(&Objects) -> bool {
    move |objects| objects.profile.as_ref().is_some_and(|account| account.id == id)
}

fn not_connected(id: &str) -> Refusal {
    Refusal::from(format!("There is no account {id} that a platform made"))
}

fn show_account(sandbox: &Sandbox, id: &str) -> Json<Value> {
    let account = sandbox.with_space(holds(id), |desk| account::show(desk));
    sandbox.with_world(|world, _| {
        let settings = world.settings.get(id).cloned().unwrap_or_default();
        Json(json!({
            "id": id,
            "multicapture": settings.multicapture,
            "connect": settings.connect,
            "settlement": settings.settlement.map(|Settlement { currency, rate_basis_points }| {
                json!({ "currency": currency, "rate_basis_points": rate_basis_points })
            }),
            "account": account,
        }))
    })
}

async fn show(State(sandbox): State<Sandbox>, Path(id): Path<String>) -> impl IntoResponse {
    show_account(&sandbox, &id)
}

async fn change(State(sandbox): State<Sandbox>, Path(id): Path<String>, body: Bytes) -> Answer {
    let changes: Changes = read(&body)?;
    let settlement = match changes.settlement {
        Some(Some(body)) => Some(Some(body.read()?)),
        Some(None) => Some(None),
        None => None,
    };
    if let Some(name) = changes.capabilities.keys().find(|name| !capabilities::exists(name)) {
        return Err(Refusal::from(format!("There is no capability {name}")));
    }
    let of_connected = changes.requirements.is_some()
        || !changes.capabilities.is_empty()
        || [changes.details_submitted, changes.charges_enabled, changes.payouts_enabled]
            .iter()
            .any(Option::is_some);
    if of_connected {
        sandbox
            .with_space(holds(&id), |desk| {
                let Some(mut account) = desk.objects.profile.clone() else {
                    return;
                };
                if let Some(requirements) = changes.requirements {
                    requirements.apply(&mut account.requirements);
                }
                for (name, status) in changes.capabilities {
                    let requested_at = desk.second();
                    let capability = Capability { status, requested_at };
                    account.capabilities.entry(name).or_insert(capability).status = status;
                }
                replace(&mut account.details_submitted, changes.details_submitted);
                replace(&mut account.charges_enabled, changes.charges_enabled);
                replace(&mut account.payouts_enabled, changes.payouts_enabled);
                accounts::put_and_tell(desk, account);
            })
            .ok_or_else(|| not_connected(&id))?;
    }
    sandbox.with_world(|world, _| {
        let settings = world.settings.entry(id.clone()).or_default();
        replace(&mut settings.multicapture, changes.multicapture);
        replace(&mut settings.connect, changes.connect);
        replace(&mut settings.settlement, settlement);
    });
    Ok(show_account(&sandbox, &id))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Onboarding {
    outcome: Outcome,
}

async fn onboard(State(sandbox): State<Sandbox>, Path(id): Path<String>, body: Bytes) -> Answer {
    let Onboarding { outcome } = read(&body)?;
    sandbox
        .with_space(holds(&id), |desk| account_links::onboard(desk, outcome))
        .ok_or_else(|| not_connected(&id))?;
    Ok(show_account(&sandbox, &id))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Balance {
    currency: String,
    available: Option<i64>,
    pending: Option<i64>,
    #[serde(default)]
    livemode: bool,
}

async fn set_balance(
    State(sandbox): State<Sandbox>,
    Path(id): Path<String>,
    body: Bytes,
) -> Answer {
    let Balance { currency, available, pending, livemode } = read(&body)?;
    let currency = read_currency(&currency)?;
    for amount in [available, pending].into_iter().flatten() {
        if !(-BALANCE_MAX..=BALANCE_MAX).contains(&amount) {
            return Err(Refusal::from(format!(
                "A balance must be between -{BALANCE_MAX} and {BALANCE_MAX}, not {amount}"
            )));
        }
    }
    let key = SpaceKey { account: id.clone(), livemode };
    let funds = sandbox.with_world(|world, now| {
        world.spaces.contains_key(&key).then(|| {
            world.work(&key, now, Cause::default(), |desk| {
                adjust(desk, &currency, available, pending);
                balance::funds_in(desk, &currency)
            })
        })
    });
    let funds = funds.ok_or_else(|| {
        let mode = if livemode { "live" } else { "test" };
        Refusal::from(format!("There is no account {id} in {mode} mode: it has made no call yet"))
    })?;
    Ok(Json(json!({
        "id": id,
        "currency": currency,
        "available": funds.available,
        "pending": funds.pending,
    })))
}

/// Books what is missing to a balance, or too much in it.
fn adjust(desk: &mut Desk<'_>, currency: &str, available: Option<i64>, pending: Option<i64>) {
    let funds = balance::funds_in(desk, currency);
    let now = desk.second();
    let wanted =
        [(available, funds.available, now), (pending, funds.pending, now + PENDING_FOR_SECONDS)];
    for (wanted, has, available_on) in wanted {
        let amount = wanted.unwrap_or(has) - has;
        if amount != 0 {
            let conversion = Conversion::none(currency);
            let movement = Movement::Adjustment;
            let source = desk.account.to_owned();
            ledger::write(
                desk,
                Entry { movement, amount, conversion, source: &source, available_on },
            );
        }
    }
}

/// The merchant sends the platforms away, which she can where she has the full dashboard.
async fn deauthorize(State(sandbox): State<Sandbox>, Path(id): Path<String>) -> Answer {
    sandbox.with_world(|world, now| {
        if world.connections.platforms_of(&id).next().is_none() {
            return Err(Refusal::from(format!("No platform works in the account {id}")));
        }
        let made = world
            .spaces
            .values()
            .find_map(|objects| objects.profile.as_ref().filter(|account| account.id == id));
        if made.is_some_and(|account| account.controller.dashboard != Dashboard::Full) {
            return Err(Refusal::from(format!(
                "The account {id} has no full dashboard, so its merchant cannot disconnect it"
            )));
        }
        let keys: Vec<SpaceKey> =
            world.spaces.keys().filter(|key| key.account == id).cloned().collect();
        for key in keys {
            world.work(&key, now, Cause::default(), |desk| {
                let application =
                    json!({ "id": "ca_sandbox", "object": "application", "name": "Sandbox" });
                desk.tell("account.application.deauthorized", application);
            });
        }
        world.connections.revoke(&id);
        Ok(Json(json!({ "id": id, "deauthorized": true })))
    })
}
