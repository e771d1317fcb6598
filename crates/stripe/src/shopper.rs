//! An attempt as its shopper needs it: with the secret that opens it, and why the last try failed.

use app::ports::{Decline, ShopperStep, ShopperView};
use secrecy::SecretString;
use serde::Deserialize;

use crate::objects::{ErrorBody, PaymentIntent};
use crate::translate::{Unreadable, intent_view};

/// The intent with its secret, which no other call of ours reads. Not `Debug`: it would be printed.
#[derive(Deserialize)]
pub(crate) struct ShopperIntent {
    client_secret: String,
    #[serde(flatten)]
    intent: PaymentIntent,
}

impl ShopperIntent {
    pub(crate) fn into_view(self) -> Result<ShopperView, Unreadable> {
        let view = intent_view(&self.intent)?;
        let step = step(&self.intent);
        Ok(ShopperView { view, client_secret: SecretString::from(self.client_secret), step })
    }
}

fn step(intent: &PaymentIntent) -> ShopperStep {
    if intent.status == "requires_action" {
        return ShopperStep::Finish;
    }
    ShopperStep::Pay { declined: intent.last_payment_error.as_ref().map(decline) }
}

/// The reasons that tell a shopper what to do (<https://docs.stripe.com/declines/codes>).
fn decline(error: &ErrorBody) -> Decline {
    let code = error.decline_code.as_deref().or(error.code.as_deref());
    match code.unwrap_or_default() {
        "insufficient_funds" => Decline::InsufficientFunds,
        "expired_card" => Decline::ExpiredCard,
        "incorrect_cvc" | "invalid_cvc" => Decline::IncorrectCvc,
        "authentication_required" | "payment_intent_authentication_failure" => {
            Decline::NotConfirmed
        }
        "processing_error" | "issuer_not_available" | "try_again_later" | "reenter_transaction" => {
            Decline::Passing
        }
        _ => Decline::Other,
    }
}

#[cfg(test)]
mod tests {
    use app::ports::IntentState;
    use secrecy::ExposeSecret;
    use serde_json::{Value, json};

    use super::*;

    fn read(more: &Value) -> ShopperView {
        let mut intent = json!({
            "id": "pi_1", "status": "requires_payment_method", "amount": 18979, "currency": "eur",
            "client_secret": "pi_1_secret_x", "latest_charge": "ch_1",
        });
        for (key, value) in more.as_object().unwrap() {
            intent[key] = value.clone();
        }
        serde_json::from_value::<ShopperIntent>(intent).unwrap().into_view().unwrap()
    }

    #[test]
    fn the_secret_is_read_and_never_printed() {
        let view = read(&json!({}));
        assert_eq!(view.client_secret.expose_secret(), "pi_1_secret_x");
        assert_eq!(view.view.state, IntentState::AwaitingPayment);
        assert_eq!(view.step, ShopperStep::Pay { declined: None });
        assert!(!format!("{view:?}").contains("secret_x"));
    }

    #[test]
    fn what_was_begun_is_to_be_finished() {
        assert_eq!(read(&json!({"status": "requires_action"})).step, ShopperStep::Finish);
    }

    #[test]
    fn the_reason_of_a_decline_is_the_most_exact_one() {
        let of = |error: Value| match read(&json!({ "last_payment_error": error })).step {
            ShopperStep::Pay { declined } => declined.unwrap(),
            ShopperStep::Finish => panic!("nothing was begun"),
        };
        let declined = |code: &str| of(json!({"code": "card_declined", "decline_code": code}));
        assert_eq!(declined("insufficient_funds"), Decline::InsufficientFunds);
        assert_eq!(declined("generic_decline"), Decline::Other);
        assert_eq!(of(json!({"code": "expired_card"})), Decline::ExpiredCard);
        assert_eq!(of(json!({"code": "incorrect_cvc"})), Decline::IncorrectCvc);
        assert_eq!(of(json!({"code": "processing_error"})), Decline::Passing);
        let unconfirmed = json!({"code": "payment_intent_authentication_failure"});
        assert_eq!(of(unconfirmed), Decline::NotConfirmed);
        assert_eq!(of(json!({"message": "no"})), Decline::Other);
    }
}
