//! A program that does nothing but pass each request on to Stripe: what the way there and back takes
//! without the app.

use axum::body::Bytes;
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::installation::{Installation, Process};

/// The word that makes the benchmark be it.
const WORD: &str = "relay";

/// Starts it in a process of its own, in the place of the installation's app.
pub async fn start(installation: &Installation) -> Process {
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command.args([WORD, &installation.app_port.to_string(), &installation.stripe()]);
    let process = Process::start(&mut command);
    while tokio::net::TcpStream::connect(("127.0.0.1", installation.app_port)).await.is_err() {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    process
}

/// The port to listen on and Stripe's address, where this process is to be it.
pub fn asked() -> Option<(u16, String)> {
    let mut words = std::env::args().skip(1);
    if words.next()? != WORD {
        return None;
    }
    Some((words.next()?.parse().ok()?, words.next()?))
}

pub async fn serve(port: u16, stripe: String) {
    let client = reqwest::Client::new();
    let pass_on = async move |body: Bytes| -> Json<Value> {
        let answer = client.post(&stripe).body(body).send().await.unwrap();
        answer.bytes().await.unwrap();
        Json(json!({"transactionId": "none"}))
    };
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    axum::serve(listener, Router::new().fallback(post(pass_on))).await.unwrap();
}
