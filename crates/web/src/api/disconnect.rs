//! `POST /disconnect`: the app catalog disconnects a tenant.

use app::disconnect::{Confirmation, DisconnectError};
use axum::body::Body;
use axum::extract::State;
use http::{HeaderMap, StatusCode};

use crate::body;
use crate::error::{Confirm, Failure};
use crate::state::WebState;
use crate::tenant::Tenant;

/// What the person in the app catalog answered. A list, one value for each question that was
/// asked; the one about open payments comes before the one about merchants.
const CONFIRMATION: &str = "x-confirmation-status";

/// Payments are open: ask.
const OPEN_PAYMENTS: &str = "21000";
/// The answer was not yes.
const OPEN_PAYMENTS_NOT_CONFIRMED: &str = "21001";
/// Merchants are onboarded: ask.
const OPEN_MERCHANTS: &str = "22000";
/// The answer was not yes.
const OPEN_MERCHANTS_NOT_CONFIRMED: &str = "22001";
/// How the app catalog asks.
const CONFIRM: Confirm = Confirm { label_ok: "Ignore & Disconnect", label_cancel: "Cancel" };

pub(crate) async fn handle(
    State(state): State<WebState>,
    Tenant(tenant): Tenant,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, Failure> {
    // It says nothing, but is held to the limits like any other.
    body::read(body).await?;
    state.context.disconnect(&tenant, &answers(&headers)).await.map_err(failure)?;
    Ok(StatusCode::NO_CONTENT)
}

fn answers(headers: &HeaderMap) -> Vec<Confirmation> {
    let Some(header) = headers.get(CONFIRMATION) else { return Vec::new() };
    let list = header.to_str().unwrap_or("unreadable");
    let answer = |text: &str| match text.trim() {
        "" => Confirmation::None,
        "true" => Confirmation::Confirmed,
        _ => Confirmation::Denied,
    };
    list.split(',').map(answer).collect()
}

fn failure(error: DisconnectError) -> Failure {
    match error {
        DisconnectError::Unfinished(_) => Failure::new(StatusCode::CONFLICT, error.to_string())
            .with_code(OPEN_PAYMENTS)
            .with_confirm(CONFIRM),
        DisconnectError::NotConfirmed => Failure::new(StatusCode::BAD_REQUEST, error.to_string())
            .with_code(OPEN_PAYMENTS_NOT_CONFIRMED),
        DisconnectError::OpenMerchants(_) => Failure::new(StatusCode::CONFLICT, error.to_string())
            .with_code(OPEN_MERCHANTS)
            .with_confirm(CONFIRM),
        DisconnectError::MerchantsNotConfirmed => {
            Failure::new(StatusCode::BAD_REQUEST, error.to_string())
                .with_code(OPEN_MERCHANTS_NOT_CONFIRMED)
        }
        DisconnectError::UnknownTenant => Failure::new(StatusCode::BAD_REQUEST, error.to_string()),
        DisconnectError::Store(error) => Failure::store(&error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_true_is_yes() {
        let of = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(CONFIRMATION, value.parse().unwrap());
            answers(&headers)
        };
        assert_eq!(answers(&HeaderMap::new()), []);
        assert_eq!(of(""), [Confirmation::None]);
        assert_eq!(of("true"), [Confirmation::Confirmed]);
        assert_eq!(of(" true , false"), [Confirmation::Confirmed, Confirmation::Denied]);
        for no in ["false", "1", "TRUE", "yes", "ü"] {
            assert_eq!(of(no), [Confirmation::Denied], "{no}");
        }
    }
}
