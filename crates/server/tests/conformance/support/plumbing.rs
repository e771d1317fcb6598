//! What carries requests between app and stand-in without sockets.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, Weak};

use app::Entropy;
use app::ports::{ChannelMessage, OutboxClaim};
use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use jiff::Timestamp;
use messaging::{Routes, SendError, Sender};
use stripe::{Transport, TransportError};
use stripe_sandbox::{BoxFuture, Clock, ConnectionLost, WebhookSender};
use testkit::TestEntropy;
use tower::ServiceExt;
use url::Url;

/// The stand-in's clock is the app's.
pub struct SandboxClock(pub Arc<TestEntropy>);

impl Clock for SandboxClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }
}

/// The app's calls to Stripe.
pub struct ToSandbox(pub Router);

#[async_trait]
impl Transport for ToSandbox {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let lost = || TransportError::Unknown("the connection was lost".into());
        let request = request.map(Body::from);
        let response = self.0.clone().oneshot(request).await.map_err(|_| lost())?;
        if response.extensions().get::<ConnectionLost>().is_some() {
            return Err(lost());
        }
        let (parts, body) = response.into_parts();
        let body = body.collect().await.map_err(|_| lost())?.to_bytes();
        Ok(Response::from_parts(parts, body))
    }
}

/// Where Stripe's webhooks reach the app, which exists only after the stand-in does. Whoever runs
/// the two holds it.
#[derive(Default)]
pub struct AppAddress(Mutex<Option<Router>>);

impl AppAddress {
    pub fn connect(&self, router: Router) {
        *self.0.lock().unwrap() = Some(router);
    }
}

/// Stripe's webhooks to the app. The stand-in does not keep the app alive, because the app holds
/// the stand-in: else neither would ever be gone.
pub struct ToApp(pub Weak<AppAddress>);

impl WebhookSender for ToApp {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<Result<StatusCode, String>> {
        let address = self.0.upgrade().expect("webhooks are sent while the app is there");
        let router = address.0.lock().unwrap().clone();
        let router = router.expect("webhooks are sent after the app was made");
        Box::pin(async move {
            let (mut parts, body) = request.into_parts();
            // The router knows paths, not hosts.
            let path = parts.uri.path_and_query().map(ToString::to_string);
            parts.uri = path.unwrap_or_default().parse().map_err(|_| "bad address".to_owned())?;
            let request = Request::from_parts(parts, Body::from(body));
            let response = router.oneshot(request).await.map_err(|error| error.to_string())?;
            Ok(response.status())
        })
    }
}

/// The channels that are pushed, and where to.
pub type Pushes = BTreeMap<String, Url>;

/// What was pushed, and what the other side says to it.
#[derive(Clone, Default)]
pub struct Pushed {
    messages: Arc<Mutex<Vec<(Url, ChannelMessage)>>>,
    answers: Arc<Mutex<Vec<SendError>>>,
}

impl Pushed {
    /// The next pushes end like this, the first one first; those after them arrive.
    pub fn fail_next(&self, answers: Vec<SendError>) {
        *self.answers.lock().unwrap() = answers.into_iter().rev().collect();
    }

    /// How many of those failures have not come yet.
    pub fn failures_left(&self) -> usize {
        self.answers.lock().unwrap().len()
    }

    /// Channels that lead here.
    pub fn routes(&self, pushes: &Pushes) -> Routes {
        let lead = |(channel, target): (&String, &Url)| {
            let sender = PushedTo { pushed: self.clone(), target: target.clone() };
            (channel.clone(), Arc::new(sender) as Arc<dyn Sender>)
        };
        Routes(pushes.iter().map(lead).collect())
    }

    pub fn messages(&self) -> Vec<(Url, ChannelMessage)> {
        self.messages.lock().unwrap().clone()
    }
}

struct PushedTo {
    pushed: Pushed,
    target: Url,
}

#[async_trait]
impl Sender for PushedTo {
    async fn send(&self, claim: &OutboxClaim) -> Result<(), SendError> {
        if let Some(error) = self.pushed.answers.lock().unwrap().pop() {
            return Err(error);
        }
        self.pushed.messages.lock().unwrap().push((self.target.clone(), claim.message.clone()));
        Ok(())
    }
}
