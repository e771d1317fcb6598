//! Connections of clients that are slow, say too much, or are too many.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::ConnectInfo;
use axum::routing::get;
use paybridge::config::ConnectionLimits;
use paybridge::listen;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

const HEAD: Duration = Duration::from_millis(300);

async fn start() -> (SocketAddr, oneshot::Sender<()>, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let client = async |ConnectInfo(from): ConnectInfo<SocketAddr>| from.ip().to_string();
    let slow = async || {
        tokio::time::sleep(HEAD * 2).await;
        "done"
    };
    let router = Router::new().route("/", get(client)).route("/slow", get(slow));
    let limits = ConnectionLimits { connections: 2, header_bytes: 8_192, header: HEAD };
    let (stop, stopped) = oneshot::channel();
    let serving = listen::serve(listener, router, limits, async move {
        let _ = stopped.await;
    });
    (address, stop, tokio::spawn(serving))
}

/// Sends this and reads until the connection is closed.
async fn ask(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer).await;
    answer
}

const CLOSE: &str = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

#[tokio::test]
async fn who_does_not_say_what_it_wants_is_not_waited_for() {
    let (address, _stop, _server) = start().await;
    for begun in ["", "GET / HTTP/1.1\r\nHost: a\r\n"] {
        let since = Instant::now();
        let answer = ask(address, begun).await;
        assert!(!answer.contains("200 OK"), "{answer}");
        assert!(since.elapsed() < Duration::from_secs(5), "closed after the limit");
    }
    let idle = ask(address, "GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert!(idle.ends_with("127.0.0.1"), "an idle connection is closed as well: {idle}");
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let (address, _stop, _server) = start().await;
    let large = format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "x".repeat(20_000));
    let answer = ask(address, &large).await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
}

#[tokio::test]
async fn more_connections_than_there_is_room_for_wait_until_there_is() {
    let (address, _stop, _server) = start().await;
    let _idle =
        [TcpStream::connect(address).await.unwrap(), TcpStream::connect(address).await.unwrap()];
    let answer = ask(address, CLOSE).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "once the idle ones were closed: {answer}");
}

#[tokio::test]
async fn stopping_finishes_what_was_begun() {
    let (address, stop, server) = start().await;
    let slow = "GET /slow HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let asking = tokio::spawn(ask(address, slow));
    tokio::time::sleep(Duration::from_millis(100)).await;
    stop.send(()).unwrap();
    assert!(asking.await.unwrap().ends_with("done"));
    server.await.unwrap();
    assert!(TcpStream::connect(address).await.is_err(), "nobody answers any more");
}
