//! Which path is served by which endpoint, and what every request passes through.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::options;
use http::header::CONNECTION;
use http::{HeaderValue, StatusCode};
use payment::TenantId;
use tower_http::catch_panic::CatchPanicLayer;

use crate::auth::{self, Gate};
use crate::browser;
use crate::endpoints::{Access, Endpoint, endpoints, watched};
use crate::error::{Failure, write_failures};
use crate::rate::Rate;
use crate::state::{WebParts, WebState};
use crate::{body, headers, observe};

/// The HTTP API of a process of this role: the whole of it, or only what shows how it is.
pub fn router(parts: WebParts) -> Router {
    let served = if parts.process.role().answers() { endpoints() } else { watched() };
    router_of(parts, served)
}

/// The same of other endpoints: each behind the way in that its access asks for.
pub fn router_of(parts: WebParts, endpoints: Vec<Endpoint>) -> Router {
    let state = WebState::new(parts);
    let limits = state.limits;
    let tenants = Arc::new(Rate::new(limits.tenant_per_second));
    let addresses = Arc::new(Rate::new(limits.address_per_second));
    let mut all = Router::new();
    for access in Access::ALL {
        let mut routes = Router::new();
        for endpoint in endpoints.iter().filter(|endpoint| endpoint.access == access) {
            if access == Access::Browser {
                all = all.route(&endpoint.path, options(browser::preflight));
            }
            routes = routes.route(&endpoint.path, endpoint.handler.clone());
        }
        all = all.merge(guarded(routes, &state, access, tenants.clone()));
    }
    all.fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(middleware::from_fn_with_state((state.clone(), addresses), auth::limit_address))
        .layer(middleware::from_fn_with_state(limits, body::limit))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn_with_state(limits.request, limit_time))
        .layer(middleware::from_fn_with_state(state.clone(), write_failures))
        .layer(middleware::from_fn(headers::secure))
        .layer(middleware::from_fn_with_state(state.clone(), part_when_stopping))
        .layer(middleware::from_fn_with_state(state.clone(), observe::observe))
        .with_state(state)
}

/// Endpoints of one kind behind their way in.
fn guarded(
    routes: Router<WebState>,
    state: &WebState,
    access: Access,
    tenants: Arc<Rate<TenantId>>,
) -> Router<WebState> {
    let gate = Gate { state: state.clone(), access, tenants };
    let signed_in = middleware::from_fn_with_state(gate, auth::guard);
    match access {
        Access::Open => routes,
        _ if !routes.has_routes() => routes,
        Access::Catalog | Access::Shop => routes.route_layer(signed_in),
        Access::Browser => {
            let browsers = Arc::new(Rate::new(state.limits.browser_per_second));
            let origin = middleware::from_fn_with_state((state.clone(), browsers), browser::guard);
            let told = middleware::from_fn(browser::tell_page);
            routes.route_layer(origin).route_layer(signed_in).route_layer(told)
        }
    }
}

async fn not_found() -> Failure {
    let message = "There is nothing at this path; check it against the API reference.";
    Failure::new(StatusCode::NOT_FOUND, message)
}

async fn method_not_allowed() -> Failure {
    let message = "This path does not know the method; those it knows are in the Allow header.";
    Failure::new(StatusCode::METHOD_NOT_ALLOWED, message)
}

fn panicked(_: Box<dyn Any + Send + 'static>) -> Response {
    tracing::error!("a request handler panicked: this is a bug");
    Failure::internal().into_response()
}

/// A client that is told so takes its next request to another process, before this one is gone.
async fn part_when_stopping(
    State(state): State<WebState>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = next.run(request).await;
    if state.process.is_stopping() {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

async fn limit_time(State(limit): State<Duration>, request: Request, next: Next) -> Response {
    match tokio::time::timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Failure::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "The request took too long. Call again in a moment; what it had begun is not done twice.",
        )
        .into_response(),
    }
}
