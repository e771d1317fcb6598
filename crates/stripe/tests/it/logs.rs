//! What an operator reads about a call, and what nobody may read.

use std::io::Write;
use std::sync::{Arc, Mutex};

use app::Psp;
use serde_json::json;

use crate::script::{Script, Step, answer, checkout, credentials, intent, key, server_error};

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn every_try_is_logged_with_stripes_request_id_and_without_secrets() {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let script = Script::new([
        Step::Lost,
        server_error(&[("Request-Id", "req_first")]),
        Step::Answer(200, &[("Request-Id", "req_second")], intent("processing").to_string()),
    ]);
    let order = checkout();
    let request = crate::requests::create(&order);
    {
        let _guard = tracing::subscriber::set_default(subscriber);
        script.psp().create_payment(&credentials(), &request, &key()).await.unwrap();
    }
    let log = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let tries: Vec<_> = log.lines().collect();
    assert_eq!(tries.len(), 3, "{log}");
    assert!(tries[0].contains("WARN") && tries[0].contains("connection reset"), "{log}");
    assert!(tries[1].contains("status=500") && tries[1].contains("req_first"), "{log}");
    assert!(tries[2].contains("status=200") && tries[2].contains("req_second"), "{log}");
    for line in tries {
        assert!(line.contains("create_payment") && line.contains("/v1/payment_intents"), "{line}");
        for secret in ["sk_test_shop", "pi_1_secret_x", "Sonia", "Kirncher"] {
            assert!(!line.contains(secret), "{line}");
        }
    }
}

/// What is not Stripe's word for it stays out of errors, too: they end up in logs.
#[tokio::test(start_paused = true)]
async fn an_error_names_the_request_and_not_the_key() {
    let error = json!({ "error": { "type": "api_error", "message": "Down for maintenance" } });
    let script = Script::new([
        answer(503, error.clone()),
        answer(503, error.clone()),
        Step::Answer(503, &[("Request-Id", "req_9")], error.to_string()),
    ]);
    let order = checkout();
    let request = crate::requests::create(&order);
    let error = script.psp().create_payment(&credentials(), &request, &key()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the payment provider did not answer: HTTP 503: Down for maintenance (request req_9)"
    );
}
