//! The transport over real sockets, on loopback: what it proves about a request that got no answer.
//!
//! Each runtime has a worker of its own, because the tests wait for their server's thread, and a
//! connection is closed only while the runtime runs.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use stripe::{ANSWER_BYTES_MAX, HttpTransport, Timeouts, Transport, TransportError};

/// Installs the cryptography that the program's `main` would. The first test to come does it.
fn transport() -> HttpTransport {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let timeouts =
        Timeouts { connect: Duration::from_millis(500), total: Duration::from_millis(1000) };
    HttpTransport::new(timeouts).unwrap()
}

fn post(address: SocketAddr) -> Request<Bytes> {
    Request::post(format!("http://{address}/v1/refunds"))
        .header("Idempotency-Key", "key-1")
        .body(Bytes::from_static(b"amount=1"))
        .unwrap()
}

/// A server for one connection: it reads the request, hands the connection to `then`, and tells
/// what it read.
fn server(then: impl FnOnce(&mut TcpStream) + Send + 'static) -> (SocketAddr, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let served = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"amount=1") {
            let mut buffer = [0; 1024];
            let read = stream.read(&mut buffer).unwrap();
            request.extend_from_slice(&buffer[..read]);
        }
        then(&mut stream);
        String::from_utf8(request).unwrap()
    });
    (address, served)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_request_arrives_as_it_is_and_the_answer_comes_back_whole() {
    let (address, served) = server(|stream| {
        let answer = b"HTTP/1.1 409 Conflict\r\nRequest-Id: req_1\r\nContent-Length: 2\r\n\r\n{}";
        stream.write_all(answer).unwrap();
    });
    let response = transport().send(post(address)).await.unwrap();
    assert_eq!(response.status(), 409);
    assert_eq!(response.headers()["request-id"], "req_1");
    assert_eq!(response.body(), "{}");
    let request = served.join().unwrap().to_ascii_lowercase();
    assert!(request.starts_with("post /v1/refunds http/1.1\r\n"), "{request}");
    assert!(request.contains("idempotency-key: key-1\r\n"), "{request}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn no_connection_means_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = transport().send(post(address)).await.unwrap_err();
    assert!(matches!(error, TransportError::NotSent(_)), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_connection_that_breaks_after_the_request_means_unknown() {
    let (address, served) = server(|_| {});
    let error = transport().send(post(address)).await.unwrap_err();
    assert!(matches!(error, TransportError::Unknown(_)), "{error}");
    served.join().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn half_an_answer_means_unknown() {
    let (address, served) = server(|stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{\"id\"").unwrap();
    });
    let error = transport().send(post(address)).await.unwrap_err();
    assert!(matches!(error, TransportError::Unknown(_)), "{error}");
    served.join().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn silence_ends_with_the_timeout_and_means_unknown() {
    let (address, served) = server(|stream| {
        // Until the client hangs up.
        let _ = stream.read(&mut [0; 1]);
    });
    let error = transport().send(post(address)).await.unwrap_err();
    assert!(matches!(error, TransportError::Unknown(_)), "{error}");
    served.join().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_answer_beyond_the_limit_is_not_read() {
    let (address, served) = server(|stream| {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", ANSWER_BYTES_MAX * 2);
        stream.write_all(head.as_bytes()).unwrap();
        let chunk = vec![b' '; 1024 * 1024];
        // The client hangs up when it has had enough.
        while stream.write_all(&chunk).is_ok() {}
    });
    let error = transport().send(post(address)).await.unwrap_err();
    assert!(error.to_string().contains("longer than"), "{error}");
    served.join().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let (address, served) = server(|stream| {
        let answer =
            b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n";
        stream.write_all(answer).unwrap();
    });
    assert_eq!(transport().send(post(address)).await.unwrap().status(), 302);
    served.join().unwrap();
}
