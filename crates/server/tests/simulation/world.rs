//! The world of a run: one database, one stand-in for Stripe, and processes of the app that come
//! and go. All in one thread.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use app::{Entropy, Site};
use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use messaging::{Consumer, Routes};
use paybridge::wiring::{App, Parts};
use serde_json::Value;
use store::{Keyring, SqliteStore};
use stripe::{StripeClient, StripePsp, Transport, TransportError};
use stripe_sandbox::{BoxFuture, Options, Sandbox, WebhookSender};
use testkit::TestSignIn;
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tower::ServiceExt;

use crate::chance::Chance;
use crate::clock::{SandboxClock, SimClock};
use crate::gate::Gate;
use crate::gated_store::GatedStore;
use crate::ledger::Ledger;
use crate::plan::Weather;
use crate::plumbing::{Pushed, ToSandbox};
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
    front: Front,
    /// Told when a process died at its gate.
    pub died: Arc<Notify>,
    started: Mutex<u32>,
    violations: Mutex<Vec<String>>,
}

/// A process of the app: what ends with it.
struct Process {
    router: Router,
    gate: Arc<Gate>,
    tasks: Vec<AbortHandle>,
}

/// The address of the app: whichever process runs answers there.
#[derive(Clone, Default)]
struct Front(Arc<Mutex<Option<Process>>>);

impl Front {
    fn process(&self) -> MutexGuard<'_, Option<Process>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
        let answering = self.spawn(|router| {
            Box::pin(async move {
                let response = router.oneshot(request).await.map_err(|_| Lost)?;
                let status = response.status();
                let body = response.into_body().collect().await.map_err(|_| Lost)?.to_bytes();
                Ok((status, body))
            })
        });
        answering.ok_or(Lost)?.await.map_err(|_| Lost)?
    }
}

impl WebhookSender for Front {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<Result<StatusCode, String>> {
        let front = self.clone();
        Box::pin(async move {
            let (mut parts, body) = request.into_parts();
            // The router knows paths, not hosts.
            let path = parts.uri.path_and_query().map(ToString::to_string);
            parts.uri = path.unwrap_or_default().parse().map_err(|_| "bad address".to_owned())?;
            let request = Request::from_parts(parts, Body::from(body));
            let sent = Front::send(&front, request).await;
            sent.map(|(status, _)| status).map_err(|_| "the connection was lost".to_owned())
        })
    }
}

/// A process's way to Stripe and back; it may die or be held up on either.
struct GatedTransport {
    inner: ToSandbox,
    gate: Arc<Gate>,
    chance: Arc<Chance>,
    trace: Arc<Trace>,
}

#[async_trait]
impl Transport for GatedTransport {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        self.gate.pass().await;
        self.chance.pause(1, 150).await;
        let what = format!("{} {}", request.method(), request.uri().path());
        let answer = self.inner.send(request).await;
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
        let front = Front::default();
        let sandbox = Sandbox::new(Options {
            seed,
            clock: Arc::new(SandboxClock(clock.clone())),
            webhooks: Arc::new(front.clone()),
            base_url: "http://stripe.test".into(),
        });
        let keyring = Keyring::from_base64(&Keyring::generate().unwrap()).unwrap();
        let store = Arc::new(SqliteStore::inline(keyring, clock.as_ref()).unwrap());
        Arc::new(Self {
            chance,
            trace: Arc::new(Trace::new(clock.clone(), print)),
            clock,
            sandbox,
            store,
            ledger: Arc::default(),
            front,
            died: Arc::default(),
            started: Mutex::default(),
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
        let app = self.app(&gate, &format!("process-{number}"));
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

    fn app(&self, gate: &Arc<Gate>, worker: &str) -> App {
        let transport = GatedTransport {
            inner: ToSandbox(self.sandbox.router()),
            gate: gate.clone(),
            chance: self.chance.clone(),
            trace: self.trace.clone(),
        };
        let client = StripeClient::new(Arc::new(transport), "http://stripe.test/".parse().unwrap());
        App::new(Parts {
            store: Arc::new(GatedStore {
                inner: self.store.clone(),
                gate: gate.clone(),
                ledger: self.ledger.clone(),
                trace: self.trace.clone(),
            }),
            psp: Arc::new(StripePsp::new(client)),
            entropy: self.clock.clone(),
            push: Arc::new(Pushed::default()),
            routes: Routes::default(),
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

    async fn sandbox_call(&self, request: Request<Body>) -> (StatusCode, Value) {
        let response = self.sandbox.router().oneshot(request).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
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
        Finisher { consumer: self.app(&Arc::new(gate), "finisher").consumer }
    }

    pub fn now(&self) -> jiff::Timestamp {
        self.clock.now()
    }
}
