//! The first thing a newcomer runs: it must go right, and show what it did.

use std::process::Command;

#[test]
fn the_demo_takes_an_order_through_and_shows_how() {
    let demo = Command::new(env!("CARGO_BIN_EXE_paybridge"))
        .args(["demo", "--check"])
        .output()
        .expect("the binary starts");
    let shown = String::from_utf8_lossy(&demo.stdout);
    let complaints = String::from_utf8_lossy(&demo.stderr);
    assert!(demo.status.success(), "{shown}\n{complaints}");
    assert_eq!(complaints, "", "a demo that goes right has nothing to complain of");

    let lines: Vec<String> =
        shown.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    let mut rest = lines.iter();
    // What a reader has to find, in this order.
    for entry in [
        "shop → app POST /private/configure",
        "app → stripe POST /v1/webhook_endpoints",
        "app → shop AddPaymentMethod",
        "shop → app POST /private/initialize-payment",
        "app → stripe POST /v1/payment_intents",
        "shopper → stripe pays with 4242 4242 4242 4242",
        "stripe → app payment_intent.amount_capturable_updated",
        "app → shop PaymentAuthorized",
        "shop → app CapturePayment",
        "app → shop PaymentCaptured",
        "shop → app RefundPayment",
        "app → shop PaymentRefunded",
        "shop → app RefundPayment",
        "app → shop PaymentRefunded",
        "shop → app POST /private/disconnect",
        "app → shop DeletePaymentMethod",
        "and the pages of the shop answer.",
    ] {
        assert!(rest.any(|line| line.contains(entry)), "{entry} is not in its place:\n{shown}");
    }
}
