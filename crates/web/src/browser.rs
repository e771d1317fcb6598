//! Browsers of a shop's customers: from which origins they may call (CORS), and how often.

use std::net::IpAddr;
use std::sync::Arc;

use app::ports::Caller;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, StatusCode};
use payment::TenantId;

use crate::auth::{SignedIn, too_many};
use crate::error::Failure;
use crate::rate::Rate;
use crate::state::WebState;
use crate::{address, tenant};

/// What a browser may send.
const ALLOWED_HEADERS: &str = "authorization,content-type,x-tenant-identifier";
/// What its script may read.
const EXPOSED_HEADERS: &str = "retry-after";
/// How long a browser remembers the answer, in seconds.
const PREFLIGHT_SECONDS: &str = "600";

/// Refusals that a page of any origin may read, because what it does next depends on them.
const READABLE: [StatusCode; 3] =
    [StatusCode::UNAUTHORIZED, StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE];

/// The rates of browsers, by address.
pub(crate) type Browsers = Arc<Rate<IpAddr>>;

/// Answers a browser's question whether it may call. It comes without token and tenant, so it is
/// answered for any origin, and gives nothing away: the call itself shows its token, and is refused
/// from an origin that is not the tenant's. No cookie is ever read.
pub(crate) async fn preflight(request: Request) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let Some(origin) = request.headers().get(ORIGIN).cloned() else { return response };
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST"));
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(ALLOWED_HEADERS));
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(PREFLIGHT_SECONDS));
    allow(&mut response, origin);
    response
}

/// Middleware, outside of the sign-in: a page may read that its token has ended or that it has to
/// wait. Such an answer says nothing of the tenant; one about the origin stays closed to the page.
pub(crate) async fn tell_page(request: Request, next: Next) -> Response {
    let origin = request.headers().get(ORIGIN).cloned();
    let mut response = next.run(request).await;
    let is_for_any = READABLE.contains(&response.status());
    let is_told = response.headers().contains_key(ACCESS_CONTROL_ALLOW_ORIGIN);
    if let (Some(origin), true, false) = (origin, is_for_any, is_told) {
        allow(&mut response, origin);
    }
    response
}

/// Middleware, inside of the sign-in: a call from a browser passes from an origin of the tenant.
pub(crate) async fn guard(
    State((state, browsers)): State<(WebState, Browsers)>,
    request: Request,
    next: Next,
) -> Response {
    let Some(signed_in) = request.extensions().get::<SignedIn>().cloned() else {
        return Failure::internal().into_response();
    };
    let address = address::of_client(&request, &state.trusted_proxies);
    let passes = limit_rate(&signed_in, &browsers, address);
    let headers = request.headers().clone();
    let checked = match passes {
        Ok(()) => check_origin(&state, &signed_in, &headers).await,
        Err(failure) => Err(failure),
    };
    let origin = match checked {
        Ok(origin) => origin,
        Err(failure) => return failure.into_response(),
    };
    let mut response = next.run(request).await;
    if let Some(origin) = origin {
        allow(&mut response, origin);
    }
    response
}

fn limit_rate(
    signed_in: &SignedIn,
    browsers: &Browsers,
    address: Option<IpAddr>,
) -> Result<(), Failure> {
    match (&signed_in.caller, address) {
        (Caller::Customer(_), Some(address)) => browsers.take(&address).map_err(too_many),
        // A shop's back end is limited by its tenant.
        (Caller::Customer(_) | Caller::Operator | Caller::Tenant(_) | Caller::Anyone, _) => Ok(()),
    }
}

/// The origin that may read the answer, if the call came from a browser.
async fn check_origin(
    state: &WebState,
    signed_in: &SignedIn,
    headers: &HeaderMap,
) -> Result<Option<HeaderValue>, Failure> {
    match headers.get(ORIGIN) {
        None if matches!(signed_in.caller, Caller::Customer(_)) => Err(Failure::new(
            StatusCode::FORBIDDEN,
            "Origin in header is required with a customer's token.",
        )),
        None => Ok(None),
        Some(origin) => {
            let tenant = signed_in.caller.tenant().cloned().or_else(|| tenant::claimed(headers));
            if is_of_shop(state, tenant.as_ref(), origin).await? {
                return Ok(Some(origin.clone()));
            }
            Err(Failure::new(
                StatusCode::FORBIDDEN,
                "Origin in header is not one of the tenant's; add it to shopOrigins in its \
                 configuration.",
            ))
        }
    }
}

async fn is_of_shop(
    state: &WebState,
    tenant: Option<&TenantId>,
    origin: &HeaderValue,
) -> Result<bool, Failure> {
    let (Some(tenant), Ok(origin)) = (tenant, origin.to_str()) else { return Ok(false) };
    let found = state.context.store.tenant(tenant).await?;
    Ok(found.is_some_and(|found| {
        let mut origins = found.value.settings.shop_origins.iter();
        origins.any(|known| known.trim_end_matches('/').eq_ignore_ascii_case(origin))
    }))
}

fn allow(response: &mut Response, origin: HeaderValue) {
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED_HEADERS));
    headers.append(VARY, HeaderValue::from_static("Origin"));
}
