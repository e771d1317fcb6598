//! A wire between a client and a server, which a test may cut.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Passes on what is said at an address of its own.
#[derive(Clone, Debug)]
pub struct Wire {
    /// Where clients connect.
    pub address: SocketAddr,
    /// Counts how often it was cut.
    cuts: Arc<watch::Sender<u32>>,
    /// What clients say is swallowed.
    deaf: Arc<AtomicBool>,
    refuses: Arc<AtomicBool>,
}

impl Wire {
    /// A wire to this server.
    ///
    /// # Panics
    /// There is no free port.
    pub async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let wire = Self {
            address: listener.local_addr().unwrap(),
            cuts: Arc::new(watch::Sender::new(0)),
            deaf: Arc::default(),
            refuses: Arc::default(),
        };
        let this = wire.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if !this.refuses.load(Ordering::SeqCst) {
                    tokio::spawn(this.clone().pass(client, server));
                }
            }
        });
        wire
    }

    /// Ends all connections. New ones are refused until it is mended.
    pub fn cut(&self) {
        self.refuses.store(true, Ordering::SeqCst);
        self.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Lets connections be made again.
    pub fn mend(&self) {
        self.deaf.store(false, Ordering::SeqCst);
        self.refuses.store(false, Ordering::SeqCst);
    }

    /// From now on the server hears nothing of what clients say.
    pub fn deafen(&self) {
        self.deaf.store(true, Ordering::SeqCst);
    }

    async fn pass(self, client: TcpStream, server: SocketAddr) {
        let mut cut = self.cuts.subscribe();
        let Ok(server) = TcpStream::connect(server).await else { return };
        let (mut from_client, mut to_client) = client.into_split();
        let (mut from_server, mut to_server) = server.into_split();
        let there = async {
            let mut bytes = [0; 4096];
            while let Ok(read @ 1..) = from_client.read(&mut bytes).await {
                let swallowed = self.deaf.load(Ordering::SeqCst);
                if !swallowed && to_server.write_all(&bytes[..read]).await.is_err() {
                    break;
                }
            }
        };
        let back = tokio::io::copy(&mut from_server, &mut to_client);
        tokio::select! {
            () = there => {}
            _ = back => {}
            _ = cut.changed() => {}
        }
    }
}
