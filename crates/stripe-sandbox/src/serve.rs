//! Serving on a socket, and breaking connections on purpose.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::connect_info::{ConnectInfo, Connected};
use axum::extract::{Extension, Request};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

use crate::http_api::ConnectionLost;
use crate::sandbox::Sandbox;

/// The longest the delivery loop sleeps before it looks again by itself.
const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(60);

impl Sandbox {
    /// Answers on a listener and delivers webhooks, until `shutdown` is done.
    ///
    /// # Errors
    /// When the server fails.
    pub async fn serve(
        self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<()> {
        let router = self.router().layer(from_fn(break_connection));
        let service = router.into_make_service_with_connect_info::<Connection>();
        let server =
            axum::serve(BreakableListener(listener), service).with_graceful_shutdown(shutdown);
        tokio::select! {
            result = server => result,
            never = self.deliver_forever() => match never {},
        }
    }

    async fn deliver_forever(&self) -> Infallible {
        loop {
            self.deliver_due().await;
            let wait = match self.next_due() {
                None => LOOK_AGAIN_AFTER,
                Some(due) => Duration::try_from(due.duration_since(self.callers_now()))
                    .unwrap_or(Duration::ZERO)
                    .min(LOOK_AGAIN_AFTER),
            };
            tokio::select! {
                () = self.woken() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }
}

/// The connection a request came on.
#[derive(Debug, Clone, Default)]
struct Connection {
    broken: Arc<AtomicBool>,
}

impl Connected<IncomingStream<'_, BreakableListener>> for Connection {
    fn connect_info(stream: IncomingStream<'_, BreakableListener>) -> Self {
        stream.io().connection.clone()
    }
}

/// Breaks the connection under a response that must not arrive.
async fn break_connection(
    Extension(ConnectInfo(connection)): Extension<ConnectInfo<Connection>>,
    request: Request,
    next: Next,
) -> Response {
    let response = next.run(request).await;
    if response.extensions().get::<ConnectionLost>().is_some() {
        connection.broken.store(true, Ordering::SeqCst);
    }
    response
}

/// Accepts connections that can be broken.
struct BreakableListener(TcpListener);

impl Listener for BreakableListener {
    type Io = BreakableStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (stream, address) = Listener::accept(&mut self.0).await;
        let connection = Connection::default();
        (BreakableStream { stream, connection }, address)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.0.local_addr()
    }
}

/// A stream that refuses to write once it is broken, so that the server drops it without an answer.
struct BreakableStream {
    stream: TcpStream,
    connection: Connection,
}

impl BreakableStream {
    fn check(&self) -> io::Result<()> {
        if self.connection.broken.load(Ordering::SeqCst) {
            Err(io::Error::new(io::ErrorKind::ConnectionAborted, "broken on purpose"))
        } else {
            Ok(())
        }
    }
}

impl AsyncRead for BreakableStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for BreakableStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_write(context, buffer)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
