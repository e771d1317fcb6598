//! Who calls, and whether that caller may call this endpoint. For which tenant is asked where the
//! tenant is read: see `tenant`.

use std::net::IpAddr;
use std::sync::Arc;

use app::ports::{Caller, SignInError};
use app::sign_in::{self, NotAllowed};
use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use payment::TenantId;

use crate::address;
use crate::endpoints::Access;
use crate::error::Failure;
use crate::rate::Rate;
use crate::state::WebState;

/// Until a caller should ask again whose token cannot be checked now.
const UNAVAILABLE_RETRY_SECONDS: u64 = 5;

/// Who was let in, and to what. In the request's extensions from here on.
#[derive(Clone, Debug)]
pub(crate) struct SignedIn {
    pub caller: Caller,
    pub access: Access,
}

impl SignedIn {
    /// Lets only those pass who act for the tenant.
    pub fn may_act_for(&self, tenant: &TenantId) -> Result<(), Failure> {
        sign_in::acts_for(&self.caller, tenant).map_err(not_allowed)
    }
}

/// An endpoint that asks for the caller and lets anybody in is a mistake of ours, and closed.
impl<S: Sync> FromRequestParts<S> for SignedIn {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        parts.extensions.get().cloned().ok_or_else(Failure::internal)
    }
}

/// The way in to the endpoints of one kind.
#[derive(Clone)]
pub(crate) struct Gate {
    pub state: WebState,
    pub access: Access,
    pub tenants: Arc<Rate<TenantId>>,
}

/// Middleware: lets only those in whom the endpoint is for.
pub(crate) async fn guard(State(gate): State<Gate>, mut request: Request, next: Next) -> Response {
    match gate.caller(request.headers()).await {
        Ok(caller) => {
            request.extensions_mut().insert(SignedIn { caller, access: gate.access });
            next.run(request).await
        }
        Err(failure) => failure.into_response(),
    }
}

impl Gate {
    async fn caller(&self, headers: &HeaderMap) -> Result<Caller, Failure> {
        let authorization = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = authorization.and_then(sign_in::bearer);
        let caller = self.state.sign_in.caller(token).await.map_err(not_signed_in)?;
        self.admit(&caller).map_err(not_allowed)?;
        if let Some(tenant) = caller.tenant() {
            self.tenants.take(tenant).map_err(too_many)?;
        }
        Ok(caller)
    }

    fn admit(&self, caller: &Caller) -> Result<(), NotAllowed> {
        match (self.access, caller) {
            (Access::Open, _)
            | (Access::Catalog, Caller::Operator)
            | (Access::Browser, Caller::Customer(_)) => Ok(()),
            (Access::Catalog | Access::Shop | Access::Browser, _) => sign_in::is_a_shop(caller),
        }
    }
}

/// Middleware: no address asks too much, whatever it asks for.
pub(crate) async fn limit_address(
    State((state, addresses)): State<(WebState, Arc<Rate<IpAddr>>)>,
    request: Request,
    next: Next,
) -> Response {
    match address::of_client(&request, &state.trusted_proxies) {
        Some(address) => match addresses.take(&address) {
            Ok(()) => next.run(request).await,
            Err(seconds) => too_many(seconds).into_response(),
        },
        None => next.run(request).await,
    }
}

/// More requests than are allowed; in so many seconds there is room again.
pub(crate) fn too_many(seconds: u64) -> Failure {
    Failure::new(
        StatusCode::TOO_MANY_REQUESTS,
        "Too many requests; wait as long as Retry-After in the header says, then call again.",
    )
    .with_retry_after(seconds)
}

fn not_signed_in(error: SignInError) -> Failure {
    match error {
        SignInError::Missing => Failure::new(StatusCode::UNAUTHORIZED, format!("{error}."))
            .with_challenge("Bearer realm=\"paybridge\""),
        SignInError::Invalid(_) => Failure::new(StatusCode::UNAUTHORIZED, format!("{error}."))
            .with_challenge("Bearer realm=\"paybridge\", error=\"invalid_token\""),
        SignInError::Unavailable(_) => {
            Failure::new(StatusCode::SERVICE_UNAVAILABLE, format!("{error}."))
                .with_retry_after(UNAVAILABLE_RETRY_SECONDS)
        }
        SignInError::Store(error) => Failure::store(&error),
    }
}

fn not_allowed(error: NotAllowed) -> Failure {
    match error {
        NotAllowed::SignIn(error) => not_signed_in(error),
        NotAllowed::AnotherTenant(_) | NotAllowed::Kind(_) => {
            Failure::new(StatusCode::FORBIDDEN, format!("Authorization: {error}."))
        }
    }
}
