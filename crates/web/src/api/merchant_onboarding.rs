//! `POST /merchants/onboarding`: a merchant clicks the onboarding button in the shop's portal.

use app::onboarding::OnboardingError;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use http::{HeaderMap, StatusCode};
use protocol::merchant::{OnboardingAnswer, OnboardingRequest};

use crate::body::{self, Encoding};
use crate::error::Failure;
use crate::state::WebState;
use crate::tenant::Tenant;

/// The merchant that is logged in at the shop's portal.
const MERCHANT: &str = "x-merchant-reference";

pub(crate) async fn handle(
    State(state): State<WebState>,
    Tenant(tenant): Tenant,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<OnboardingAnswer>), Failure> {
    let encoding = Encoding::of(&headers, &[Encoding::Json])?;
    let body = body::read(body).await?;
    let request: OnboardingRequest = encoding.decode(&body).map_err(|invalid| {
        let message = format!("{invalid}; correct it and send the request again");
        Failure::new(StatusCode::BAD_REQUEST, message)
    })?;
    let merchant = headers.get(MERCHANT).and_then(|value| value.to_str().ok());
    let onboarding = Box::pin(state.context.onboard(&tenant, merchant, request));
    let onboarding = onboarding.await.map_err(failure)?;
    let status = if onboarding.first { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(OnboardingAnswer::redirect(onboarding.url))))
}

fn failure(error: OnboardingError) -> Failure {
    match error {
        OnboardingError::Disconnected => Failure::disconnected(),
        OnboardingError::Forbidden(message) => {
            Failure::new(StatusCode::PRECONDITION_FAILED, message)
        }
        OnboardingError::Failed(_) => {
            Failure::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string())
        }
        OnboardingError::UnknownTenant | OnboardingError::Invalid(_) => {
            Failure::new(StatusCode::BAD_REQUEST, error.to_string())
        }
        OnboardingError::Store(error) => Failure::store(&error),
    }
}
