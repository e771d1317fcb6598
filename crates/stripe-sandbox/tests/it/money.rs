//! Whatever is asked for in whatever order, money only moves as far as it was allowed to.

use stripe_sandbox::IntentAudit;

use crate::support::TestApp;

const STEPS: u64 = 400;

/// Numbers that look drawn; Knuth's constants.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn roll(&mut self, bound: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

#[track_caller]
fn check(audit: &IntentAudit) {
    let sound = audit.amount_refunded <= audit.amount_captured
        && audit.amount_captured + audit.amount_capturable <= audit.amount
        && (audit.status != "canceled" || audit.amount_captured == 0)
        && (audit.status == "requires_capture" || audit.amount_capturable == 0)
        && (audit.amount_captured == 0 || matches!(audit.status, "succeeded" | "requires_capture"));
    assert!(sound, "{audit:?}");
}

async fn step(app: &TestApp, dice: &mut Dice, intents: &mut Vec<String>) {
    if intents.is_empty() || dice.roll(6) == 0 {
        let capture = ["manual", "automatic"][usize::from(dice.roll(3) == 0)];
        let method = ["pm_card_visa", "pm_card_mastercard", "pm_card_refundFail"];
        let method = method[usize::try_from(dice.roll(3)).unwrap()];
        let form = format!(
            "amount=1000&currency=eur&payment_method_types[]=card&confirm=true\
             &payment_method={method}&capture_method={capture}\
             &payment_method_options[card][request_multicapture]=if_available"
        );
        intents.push(app.post("/v1/payment_intents", &form).await.ok().text("/id"));
        return;
    }
    let count = u64::try_from(intents.len()).unwrap();
    let intent = &intents[usize::try_from(dice.roll(count)).unwrap()];
    let amount = dice.roll(1200);
    match dice.roll(6) {
        0 | 1 => {
            let is_final = dice.roll(2) == 0;
            let form = format!("amount_to_capture={amount}&final_capture={is_final}");
            app.post(&format!("/v1/payment_intents/{intent}/capture"), &form).await;
        }
        2 => {
            app.post(&format!("/v1/payment_intents/{intent}/cancel"), "").await;
        }
        3 | 4 => {
            app.post("/v1/refunds", &format!("payment_intent={intent}&amount={amount}")).await;
        }
        _ => {
            let seconds = i64::try_from(dice.roll(100_000)).unwrap();
            app.sandbox.advance_clock(seconds).unwrap();
        }
    }
}

#[tokio::test]
async fn money_never_appears_from_nowhere() {
    for seed in 0..8 {
        let app = TestApp::with_seed(seed);
        let mut dice = Dice::new(seed);
        let mut intents = Vec::new();
        for _ in 0..STEPS {
            step(&app, &mut dice, &mut intents).await;
            app.sandbox.audit().iter().for_each(check);
        }
        let captured: i64 = app.sandbox.audit().iter().map(|one| one.amount_captured).sum();
        assert!(captured > 0);
    }
}
