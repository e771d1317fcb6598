//! One run: a bad day from its first order to the moment when everything has to be in order again.

use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use app::limits::PRE_ORDER_LIFE;
use app::tenant::TenantStatus;
use app::{Entropy, Store};
use jiff::SignedDuration;
use payment::TenantId;
use store::SqliteStore;
use stripe_sandbox::{WebhookMode, WebhookOrder, WebhookSettings};
use tokio::task::JoinSet;

use crate::chance::Chance;
use crate::checkout;
use crate::checks;
use crate::desk::{CHANNELS, Desk, Manners};
use crate::lost;
use crate::parting;
use crate::plan::{Plan, Weather};
use crate::shop::Shop;
use crate::world::{Finisher, World};

/// How often what is left is worked through before it counts as stuck. Every round that finds
/// nothing to do now moves the clock to when there is.
const ROUNDS_MAX: u32 = 400;
/// Stripe lists events for thirty: none may be missed in between.
const A_DAY: SignedDuration = SignedDuration::from_hours(24);
/// How often it is looked whether a cart was left.
const A_WHILE: SignedDuration = SignedDuration::from_hours(5);

/// What came of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub violations: Vec<String>,
    /// Of the trace: the same for the same seed.
    pub hash: u64,
}

/// Runs the day of a seed.
pub fn run(seed: u64, print: bool) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime without threads or sockets");
    let (mut outcome, world) = runtime.block_on(live(seed, print));
    drop(runtime);
    if world.strong_count() > 0 {
        outcome.violations.push("the world outlives its day".to_owned());
    }
    outcome
}

async fn live(seed: u64, print: bool) -> (Outcome, Weak<SqliteStore>) {
    let plan = Plan::draw(&Chance::new(seed));
    let world = World::new(seed, print);
    world.trace.note("plan", format!("{plan:#?}"));
    let desks: Vec<Desk> = plan
        .tenants
        .iter()
        .map(|tenant| Desk {
            world: world.clone(),
            tenant: tenant.id.clone(),
            shop: Arc::new(Mutex::new(Shop::new(tenant.clone()))),
        })
        .collect();
    world.start(&Weather::calm()).await;
    for desk in &desks {
        if !parting::configure(desk).await {
            world.violated(format!("{}: not configured", desk.tenant));
        }
    }
    world.kill();

    world.start(&plan.weather).await;
    for fault in &plan.weather.faults {
        world.sandbox.inject(fault.clone()).expect("the plan's faults are well formed");
    }
    let mut actors = actors(&world, &plan, &desks);
    // Second by second, because an hour that passes at once ends every sleep.
    for _ in 0..plan.lasts {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    actors.abort_all();
    while actors.join_next().await.is_some() {}

    finish(&world, &desks).await;
    checks::all(&world, &desks).await;
    let outcome = Outcome { violations: world.violations(), hash: world.trace.hash() };
    (outcome, Arc::downgrade(&world.store))
}

fn actors(world: &Arc<World>, plan: &Plan, desks: &[Desk]) -> JoinSet<()> {
    let mut actors = JoinSet::new();
    actors.spawn(deliver_webhooks(world.clone()));
    actors.spawn(restart(world.clone(), plan.weather.clone()));
    if let Some(seconds) = plan.weather.webhooks_change_every {
        let lost_percent = plan.weather.webhooks_lost_percent;
        actors.spawn(change_webhooks(world.clone(), seconds, lost_percent));
    }
    for (after, by) in plan.weather.clock_steps.clone() {
        let world = world.clone();
        actors.spawn(async move {
            tokio::time::sleep(Duration::from_secs(after)).await;
            step(&world, by).await;
        });
    }
    for (desk, tenant) in desks.iter().zip(&plan.tenants) {
        for order in &tenant.orders {
            actors.spawn(checkout::order(desk.clone(), order.clone()));
        }
        for _ in 0..tenant.readers {
            actors.spawn(desk.clone().keep_reading());
        }
        if tenant.strays {
            desk.stray();
        }
        if let Some(plan) = tenant.parting {
            actors.spawn(parting::part(desk.clone(), plan));
        }
    }
    actors
}

/// Hours pass at once: whatever slept has slept long enough, whatever was under way was held up.
/// Steps of some seconds are corrections of the clock alone.
async fn step(world: &World, by: i64) {
    match u64::try_from(by) {
        Ok(seconds) => tokio::time::advance(Duration::from_secs(seconds)).await,
        Err(_) => world.clock.step(SignedDuration::from_secs(by)),
    }
    world.trace.note("clock", format!("stepped by {by} s"));
}

/// Stripe sends its webhooks.
async fn deliver_webhooks(world: Arc<World>) {
    loop {
        world.chance.pause(5, 700).await;
        world.sandbox.deliver_due().await;
    }
}

/// Whoever watches over the program starts it again when it died.
async fn restart(world: Arc<World>, weather: Weather) {
    loop {
        world.died.notified().await;
        world.kill();
        world.chance.pause(10, 20_000).await;
        world.start(&weather).await;
    }
}

/// Webhooks come late, several times, in any order, or never.
async fn change_webhooks(world: Arc<World>, seconds: u64, lost_percent: u64) {
    let chance = &world.chance;
    loop {
        chance.pause(1_000, seconds * 2_000).await;
        let mode = match chance.below(100) {
            drawn if drawn < lost_percent => WebhookMode::Drop,
            drawn if drawn < 40 => WebhookMode::Hold,
            _ => WebhookMode::Deliver,
        };
        let settings = WebhookSettings {
            mode,
            copies: u32::try_from(chance.between(1, 3)).expect("a small number"),
            order: *chance.pick(&[
                WebhookOrder::Fifo,
                WebhookOrder::Reverse,
                WebhookOrder::Shuffle,
            ]),
        };
        world.sandbox.set_webhooks(settings).expect("a small number of copies");
        world.trace.note("webhooks", format!("{settings:?}"));
        if chance.percent(50) {
            world.sandbox.release_webhooks();
        }
    }
}

/// Nothing goes wrong any more: everything that is left has to come to its end.
async fn finish(world: &Arc<World>, desks: &[Desk]) {
    world.trace.note("end", "nothing goes wrong from here on");
    world.sandbox.clear_faults();
    world.sandbox.set_webhooks(WebhookSettings::default()).expect("one copy");
    world.sandbox.release_webhooks();
    world.kill();
    let finisher = world.finisher().await;
    for desk in desks {
        if desk.shop().active {
            desk.send_commands().await;
        }
    }
    drain(world, &finisher, desks).await;
    lost::take_down(world, desks).await;
    let mut all_told = true;
    for desk in desks {
        let missing = lost::of(world, desk);
        checks::with_lost(world, desk, &missing).await;
        if !desk.shop().connected {
            all_told = false;
            come_back(world, desk, &missing).await;
        }
        if !missing.is_empty() {
            all_told = false;
            lost::resend(desk, &missing).await;
        }
    }
    if !all_told {
        world.trace.note("end", "everybody is connected and knows what was lost");
        drain(world, &finisher, desks).await;
        lost::take_down(world, desks).await;
    }
    world.kill();
}

/// A tenant that parted comes back.
async fn come_back(world: &World, desk: &Desk, missing: &lost::Lost) {
    let parted = world.store.tenant(&TenantId::new(&desk.tenant)).await.expect("the store works");
    let is_parted = parted.is_some_and(|tenant| tenant.value.status == TenantStatus::Disconnected);
    if is_parted && (!checks::is_awaited(world, desk).await || missing.is_empty()) {
        checks::is_over(world, desk).await;
    }
    if !parting::configure(desk).await {
        world.violated(format!("{}: cannot be connected again", desk.tenant));
    }
}

/// Works until there is nothing to do and never will be.
async fn drain(world: &Arc<World>, finisher: &Finisher, desks: &[Desk]) {
    for _ in 0..ROUNDS_MAX {
        if work(world, finisher, desks).await > 0 {
            continue;
        }
        let Some(wait) = wait(world, desks).await else { return };
        if wait > A_DAY {
            lost::take_down(world, desks).await;
        }
        world.clock.step(wait);
    }
    let backlog = world.store.backlog(world.now()).await;
    world.violated(format!("never comes to an end: {backlog:?}"));
}

/// Does what can be done now. Returns how much that was.
async fn work(world: &World, finisher: &Finisher, desks: &[Desk]) -> usize {
    let mut done = world.sandbox.deliver_due().await;
    done += finisher.consumer.work_once().await.expect("the store works");
    let context = &finisher.consumer.context;
    done += context.finish_open_calls("finisher").await.expect("the store works");
    done += context.call_off_forgotten_pre_orders().await.expect("the store works");
    context.finish_disconnects().await.expect("the store works");
    for desk in desks {
        for channel in CHANNELS {
            done += desk.read(channel, Manners::CALM).await;
        }
        desk.look_at_conditions();
    }
    done
}

/// How long until there is something to do; none where nothing will ever be.
async fn wait(world: &World, desks: &[Desk]) -> Option<SignedDuration> {
    let backlog = world.store.backlog(world.now()).await.expect("the store works");
    if backlog.inbox_waiting > 0 || backlog.calls_open > 0 {
        return Some(SignedDuration::from_mins(6));
    }
    // What waits for a shop that does not read is not waited for.
    let all_read = desks.iter().all(|desk| desk.shop().active);
    let unread = all_read && !backlog.outbox_waiting.is_empty();
    let reads_on = unread || desks.iter().any(|desk| checks::reads_on(world, &desk.shop()));
    let mut awaited = false;
    for desk in desks {
        awaited |= !desk.shop().connected && checks::is_awaited(world, desk).await;
    }
    // That the app is gone is not told while Stripe works on something, and what came of that may
    // be lost.
    if reads_on && !awaited {
        return Some(SignedDuration::from_secs(11));
    }
    let due = world.sandbox.next_due();
    let wait = due.map(|due| due.duration_since(world.clock.now()));
    // Carts that nobody comes back to are called off in the end (rule R9).
    let far_ahead = world.now() + PRE_ORDER_LIFE;
    let carts = world.store.forgotten_pre_orders(far_ahead, 1).await.expect("the store works");
    let wait = wait.into_iter().chain((!carts.is_empty()).then_some(A_WHILE)).min()?;
    Some(wait.max(SignedDuration::from_secs(1)))
}

impl World {
    /// Whole seconds since the run began.
    pub fn seconds(&self) -> u64 {
        u64::try_from(self.clock.elapsed().as_secs()).unwrap_or(0)
    }
}
