//! The world of a run: one database, one stand-in for Stripe, and processes of the app that come
//! and go. All in one thread.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Poll, ready};
use std::time::Duration;

use app::{Entropy, Site};
use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use jiff::Timestamp;
use messaging::{Consumer, Routes};
use paybridge::wiring::{App, Parts};
use serde_json::Value;
use store::{Keyring, SqliteStore};
use stripe::{StripeClient, StripePsp, Transport, TransportError};
use stripe_sandbox::{BoxFuture, Options, Sandbox, WebhookSender};
use testkit::{Fate, Mishap, TestSignIn, UnsureStore};
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tower::ServiceExt;

use crate::chance::Chance;
use crate::clock::{SandboxClock, SimClock};
use crate::gate::Gate;
use crate::gated_store::GatedStore;
use crate::ledger::Ledger;
use crate::lost::Events;
use crate::plan::Weather;
use crate::plumbing::ToSandbox;
use crate::trace::Trace;

/// The bearer token of the app.
pub const TOKEN: &str = "simulated-token";

/// The connection broke before an answer came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lost;

/// The world of a run.
pub struct World {
    pub chance: Arc<Chance>,
    pub clock: Arc<SimClock>,
    pub sandbox: Sandbox,
    pub store: Arc<SqliteStore>,
    pub ledger: Arc<Ledger>,
    pub trace: Arc<Trace>,
    /// When Stripe last said to the app how an intent stands.
    pub asked: Arc<Asked>,
    /// Where Stripe answers.
    stripe: Router,
    front: Arc<Front>,
    /// Told when a process died at its gate.
    pub died: Arc<Notify>,
    started: Mutex<u32>,
    events: Mutex<Events>,
    violations: Mutex<Vec<String>>,
}

/// A process of the app: what ends with it.
struct Process {
    router: Router,
    gate: Arc<Gate>,
    tasks: Vec<AbortHandle>,
}

/// The address of the app: whichever process runs answers there.
struct Front {
    process: Mutex<Option<Process>>,
    chance: Arc<Chance>,
    trace: Arc<Trace>,
    /// How many of a thousand clients go away before they are answered.
    hang_ups_per_mille: AtomicU64,
}

impl Front {
    fn process(&self) -> MutexGuard<'_, Option<Process>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs something as a part of the process, if one runs.
    fn spawn<T: Send + 'static>(
        &self,
        make: impl FnOnce(Router) -> BoxFuture<T>,
    ) -> Option<tokio::task::JoinHandle<T>> {
        let mut process = self.process();
        let process = process.as_mut()?;
        let task = tokio::spawn(make(process.router.clone()));
        process.tasks.retain(|task| !task.is_finished());
        process.tasks.push(task.abort_handle());
        Some(task)
    }

    async fn send(&self, request: Request<Body>) -> Result<(StatusCode, Bytes), Lost> {
        let hangs_up = self.chance.per_mille(self.hang_ups_per_mille.load(Ordering::SeqCst));
        let polls_left = if hangs_up { self.chance.between(1, HANGS_UP_WITHIN) } else { u64::MAX };
        let answering = self.spawn(|router| {
            let request = Box::pin(async move {
                let response = router.oneshot(request).await.map_err(|_| Lost)?;
                let status = response.status();
                let body = response.into_body().collect().await.map_err(|_| Lost)?.to_bytes();
                Ok((status, body))
            });
            Box::pin(CutShort { request, polls_left })
        });
        let Some(answer) = answering.ok_or(Lost)?.await.map_err(|_| Lost)? else {
            self.trace.note("client", "hangs up before the answer");
            return Err(Lost);
        };
        answer
    }
}

/// A client that hangs up does so while its request waits for the so manieth time at most.
const HANGS_UP_WITHIN: u64 = 60;

/// A request whose client may go away: it is dropped at whatever await it has come to then.
struct CutShort<T> {
    request: BoxFuture<T>,
    polls_left: u64,
}

impl<T> Future for CutShort<T> {
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut std::task::Context<'_>) -> Poll<Self::Output> {
        let Some(left) = self.polls_left.checked_sub(1) else { return Poll::Ready(None) };
        self.polls_left = left;
        Poll::Ready(Some(ready!(self.request.as_mut().poll(context))))
    }
}

/// Stripe's way to the app. It does not keep the app alive, because the app holds its way to
/// Stripe: else no world would ever be gone.
struct ToFront(Weak<Front>);

impl WebhookSender for ToFront {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<Result<StatusCode, String>> {
        let front = self.0.upgrade();
        Box::pin(async move {
            let front = front.ok_or("the app is gone")?;
            let (mut parts, body) = request.into_parts();
            // The router knows paths, not hosts.
            let path = parts.uri.path_and_query().map(ToString::to_string);
            parts.uri = path.unwrap_or_default().parse().map_err(|_| "bad address".to_owned())?;
            let request = Request::from_parts(parts, Body::from(body));
            let sent = front.send(request).await;
            sent.map(|(status, _)| status).map_err(|_| "the connection was lost".to_owned())
        })
    }
}

/// When Stripe last told the app how an intent stands, by the intent's id.
#[derive(Debug, Default)]
pub struct Asked(Mutex<BTreeMap<String, Timestamp>>);

impl Asked {
    /// Takes down that a call was answered with the intent as it was at that time.
    fn note(&self, path: &str, at: Timestamp) {
        let Some(rest) = path.strip_prefix("/v1/payment_intents/") else { return };
        let intent = rest.split('/').next().unwrap_or_default().to_owned();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(intent, at);
    }

    pub fn last(&self, intent: &str) -> Option<Timestamp> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(intent).copied()
    }
}

/// The database is not there now and then, before something is done or after it (rule R24).
struct Troubles {
    chance: Arc<Chance>,
    per_mille: u64,
}

#[async_trait]
impl Fate for Troubles {
    async fn of(&self, _: &'static str) -> Mishap {
        match self.chance.below(2_000) {
            drawn if drawn < self.per_mille => Mishap::NotDone,
            drawn if drawn < 2 * self.per_mille => Mishap::NotTold,
            _ => Mishap::None,
        }
    }
}

/// A process's way to Stripe and back; it may die or be held up on either.
struct GatedTransport {
    inner: ToSandbox,
    gate: Arc<Gate>,
    chance: Arc<Chance>,
    trace: Arc<Trace>,
    clock: Arc<SimClock>,
    asked: Arc<Asked>,
}

#[async_trait]
impl Transport for GatedTransport {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        self.gate.pass().await;
        self.chance.pause(1, 150).await;
        let path = request.uri().path().to_owned();
        let what = format!("{} {path}", request.method());
        let at = self.clock.now();
        let answer = self.inner.send(request).await;
        // An answer that is repeated under its key says how the intent was the first time.
        if let Ok(response) = &answer
            && response.status().is_success()
            && !response.headers().contains_key("idempotent-replayed")
        {
            self.asked.note(&path, at);
        }
        let came_back = match &answer {
            Ok(response) => response.status().to_string(),
            Err(error) => error.to_string(),
        };
        self.trace.note("app to Stripe", format!("{what}: {came_back}"));
        // Webhooks about what just happened may be faster than the answer.
        self.chance.pause(1, 400).await;
        self.gate.pass().await;
        answer
    }
}

impl World {
    /// A world in which no process runs yet.
    pub fn new(seed: u64, print: bool) -> Arc<Self> {
        let chance = Arc::new(Chance::new(seed.wrapping_mul(2).wrapping_add(1)));
        let clock = Arc::new(SimClock::new(seed));
        let trace = Arc::new(Trace::new(clock.clone(), print));
        let front = Arc::new(Front {
            process: Mutex::default(),
            chance: chance.clone(),
            trace: trace.clone(),
            hang_ups_per_mille: AtomicU64::new(0),
        });
        let sandbox = Sandbox::new(Options {
            seed,
            clock: Arc::new(SandboxClock(clock.clone())),
            webhooks: Arc::new(ToFront(Arc::downgrade(&front))),
            base_url: "http://stripe.test".into(),
        });
        let keyring = Keyring::from_base64(&Keyring::generate().unwrap()).unwrap();
        let store = Arc::new(SqliteStore::inline(keyring, clock.as_ref()).unwrap());
        Arc::new(Self {
            chance,
            trace,
            clock,
            asked: Arc::default(),
            stripe: sandbox.router(),
            sandbox,
            store,
            ledger: Arc::default(),
            front,
            died: Arc::default(),
            started: Mutex::default(),
            events: Mutex::default(),
            violations: Mutex::default(),
        })
    }

    /// Starts a process with its workers. Leases of those before it are cleared, as at every
    /// start of the real program.
    pub async fn start(&self, weather: &Weather) {
        self.store.clear_leases().await.unwrap();
        let dies_in = weather.dies_within.map(|most| self.chance.between(1, most));
        let number = {
            let mut started = self.started.lock().unwrap_or_else(PoisonError::into_inner);
            *started += 1;
            *started
        };
        let stalls = weather.stalls_per_mille;
        let gate = Gate::new(self.chance.clone(), dies_in, stalls, self.died.clone());
        let gate = Arc::new(gate);
        self.front.hang_ups_per_mille.store(weather.hang_ups_per_mille, Ordering::SeqCst);
        let troubles = weather.database_troubles_per_mille;
        let app = self.app(&gate, troubles, &format!("process-{number}"));
        self.trace.note("app", format!("process {number} starts"));
        *self.front.process() =
            Some(Process { router: app.router.clone(), gate, tasks: Vec::new() });
        for worker in 1..=weather.workers {
            let mut consumer = app.consumer.clone();
            consumer.worker = format!("process-{number}-worker-{worker}");
            let chance = self.chance.clone();
            self.front.spawn(|_| Box::pin(work(consumer, chance)));
        }
    }

    fn app(&self, gate: &Arc<Gate>, troubles_per_mille: u64, worker: &str) -> App {
        let transport = GatedTransport {
            inner: ToSandbox(self.stripe.clone()),
            gate: gate.clone(),
            chance: self.chance.clone(),
            trace: self.trace.clone(),
            clock: self.clock.clone(),
            asked: self.asked.clone(),
        };
        let store = GatedStore {
            inner: self.store.clone(),
            gate: gate.clone(),
            ledger: self.ledger.clone(),
            trace: self.trace.clone(),
        };
        let troubles = Troubles { chance: self.chance.clone(), per_mille: troubles_per_mille };
        let client = StripeClient::new(Arc::new(transport), "http://stripe.test/".parse().unwrap());
        App::new(Parts {
            store: Arc::new(UnsureStore { inner: Arc::new(store), fate: Arc::new(troubles) }),
            psp: Arc::new(StripePsp::new(client)),
            entropy: self.clock.clone(),
            routes: Routes::default(),
            sources: Vec::new(),
            sources_need_tokens: true,
            links: Vec::new(),
            site: Site { public_url: "http://app.test".into(), app_identifier: "paybridge".into() },
            sign_in: Arc::new(TestSignIn(TOKEN)),
            limits: web::Limits::default(),
            trusted_proxies: web::TrustedProxies::default(),
            stripe_js_url: "http://stripe.test/stripe.js".parse().unwrap(),
            metrics: Arc::new(String::new),
            worker: worker.to_owned(),
        })
    }

    /// Ends the process, whatever it was doing.
    pub fn kill(&self) {
        let Some(process) = self.front.process().take() else { return };
        process.gate.close();
        for task in process.tasks {
            task.abort();
        }
        self.trace.note("app", "the process is gone");
    }

    /// A request to the app.
    pub async fn send(&self, request: Request<Body>) -> Result<(StatusCode, Value), Lost> {
        let (status, body) = self.front.send(request).await?;
        Ok((status, serde_json::from_slice(&body).unwrap_or(Value::Null)))
    }

    /// A request straight to Stripe, as the shopper's browser or the dashboard would send it.
    pub async fn stripe(&self, key: &str, path: &str, form: &str) -> (StatusCode, Value) {
        let request = Request::post(path)
            .header("authorization", format!("Bearer {key}"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(form.to_owned()));
        self.sandbox_call(request.unwrap()).await
    }

    /// A call of the stand-in's own control.
    pub async fn control(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        let request = Request::post(path)
            .header("content-type", "application/json")
            .body(Body::from(body.to_string()));
        self.sandbox_call(request.unwrap()).await
    }

    /// A question to Stripe with this key.
    pub async fn stripe_get(&self, key: &str, path: &str) -> Value {
        let request = Request::get(path).header("authorization", format!("Bearer {key}"));
        self.sandbox_call(request.body(Body::empty()).unwrap()).await.1
    }

    async fn sandbox_call(&self, request: Request<Body>) -> (StatusCode, Value) {
        let response = self.stripe.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }

    /// Takes down events of an account. Returns whether the last of them was known.
    pub fn take_down(&self, key: &str, events: Vec<Value>) -> bool {
        let mut known = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        let mut was_known = false;
        for event in events {
            let id = event["id"].as_str().unwrap_or_default().to_owned();
            was_known = known.insert(id, (key.to_owned(), event)).is_some();
        }
        was_known
    }

    /// What Stripe has told, as far as it was taken down.
    pub fn events(&self) -> Events {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes that something is not as it has to be.
    pub fn violated(&self, what: impl Into<String>) {
        let what = what.into();
        self.trace.note("VIOLATION", &what);
        self.violations.lock().unwrap_or_else(PoisonError::into_inner).push(what);
    }

    pub fn violations(&self) -> Vec<String> {
        self.violations.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A worker as the program runs it, but for tokio's `select!`, whose chance is not ours.
async fn work(consumer: Consumer, chance: Arc<Chance>) {
    let mut housekeeping = 0;
    loop {
        let worked = consumer.work_once().await.unwrap_or_default();
        housekeeping += 1;
        if housekeeping % 8 == 0 {
            let _ = consumer.context.finish_open_calls(&consumer.worker).await;
            let _ = consumer.context.call_off_forgotten_pre_orders().await;
            let _ = consumer.context.finish_disconnects().await;
        }
        if worked == 0 {
            let nap = Duration::from_millis(chance.between(500, 6_000));
            // Either way the worker looks again.
            let _ = tokio::time::timeout(nap, consumer.wake.notified()).await;
        }
    }
}

/// The end of a run is carried out step by step by this one, without tasks beside it.
pub struct Finisher {
    pub consumer: Consumer,
}

impl World {
    /// A calm process for the end of the run, whose worker is driven by hand.
    pub async fn finisher(&self) -> Finisher {
        self.start(&Weather { workers: 0, ..Weather::calm() }).await;
        let gate = Gate::new(self.chance.clone(), None, 0, self.died.clone());
        Finisher { consumer: self.app(&Arc::new(gate), 0, "finisher").consumer }
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}
