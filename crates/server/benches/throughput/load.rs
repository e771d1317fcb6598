//! Requests over connections that stay open, as cheap for this machine as can be: what is measured
//! shares it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const HEAD_END: &[u8] = b"\r\n\r\n";

/// Makes the request of a number: its bytes as they go over the wire.
pub type Maker = dyn Fn(u64) -> Vec<u8> + Send + Sync;

/// Sends requests for so long over so many connections, on each the next one when the last one was
/// answered. Returns how many a second were answered 200.
pub async fn closed_loop(
    address: &str,
    connections: usize,
    time: Duration,
    make: Arc<Maker>,
    numbers: &Arc<AtomicU64>,
) -> f64 {
    let begun = Instant::now();
    let tasks: Vec<_> = (0..connections)
        .map(|_| {
            let (address, make, numbers) = (address.to_owned(), make.clone(), numbers.clone());
            tokio::spawn(async move {
                let mut connection = Connection::open(&address).await;
                let mut answered = 0;
                while begun.elapsed() < time {
                    let request = make(numbers.fetch_add(1, Ordering::Relaxed));
                    connection.ask(&request).await;
                    answered += 1;
                }
                answered
            })
        })
        .collect();
    let mut answered = 0;
    for task in tasks {
        answered += task.await.unwrap();
    }
    crate::measure::rate(answered, begun.elapsed())
}

struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    async fn open(address: &str) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, buffer: Vec::new() }
    }

    async fn ask(&mut self, request: &[u8]) {
        self.stream.write_all(request).await.unwrap();
        self.buffer.clear();
        while !is_whole(&self.buffer) {
            let read = self.stream.read_buf(&mut self.buffer).await.unwrap();
            assert!(read > 0, "the connection was closed");
        }
        let answer = String::from_utf8_lossy(&self.buffer);
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    }
}

/// Whether an answer with a `content-length` has come in whole.
fn is_whole(answer: &[u8]) -> bool {
    let Some(head) = answer.windows(HEAD_END.len()).position(|bytes| bytes == HEAD_END) else {
        return false;
    };
    let text = String::from_utf8_lossy(&answer[..head]).to_ascii_lowercase();
    let length = text.lines().find_map(|line| line.strip_prefix("content-length:"));
    let length: usize = length.expect("it says its length").trim().parse().unwrap();
    answer.len() >= head + HEAD_END.len() + length
}
