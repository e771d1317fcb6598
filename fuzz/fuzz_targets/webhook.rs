//! A webhook: the signature header in the first line, then an empty line, then the body.

#![no_main]

use std::sync::LazyLock;

use app::Psp;
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use secrecy::SecretString;
use stripe::StripePsp;

static PSP: LazyLock<StripePsp> = LazyLock::new(fuzz::psp);
static SECRET: LazyLock<SecretString> = LazyLock::new(|| "whsec_nobody_knows_it".into());

fuzz_target!(|input: &[u8]| {
    let (head, body) = fuzz::head_and_body(input);
    let verified = PSP.verify_webhook(head.first().copied(), body, &[&SECRET], Timestamp::UNIX_EPOCH);
    assert!(verified.is_err(), "signed without the secret");

    // What is not read of an event may be no text at all: then it is refused as a whole.
    let (Ok(event), Ok(storable)) = (PSP.read_event(body), PSP.storable_event(body)) else { return };
    // A text that looks like a secret is left out, and what it said with it; never whose it is.
    if let Ok(stored) = PSP.read_event(&storable) {
        assert_eq!((stored.id, stored.kind, stored.mode), (event.id, event.kind, event.mode));
        assert_eq!(stored.subject.payment, event.subject.payment);
        assert_eq!(stored.subject.order, event.subject.order);
    }
    let text = String::from_utf8_lossy(&storable);
    assert!(!text.contains("\"client_secret\":\""), "stored with a client secret");
});
