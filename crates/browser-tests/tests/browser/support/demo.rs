//! The demo as a newcomer starts it, on free ports.

use std::ops::Deref;
use std::sync::Once;

use paybridge::cli::start::install_tls;
use paybridge::demo::Running;

static TLS: Once = Once::new();

/// App, stand-in and shop; they end with the test.
pub struct Demo(Running);

impl Demo {
    pub async fn start() -> Self {
        TLS.call_once(|| install_tls().expect("nobody else has installed it"));
        Self(Running::start([0, 0, 0]).await.expect("the demo starts"))
    }
}

impl Deref for Demo {
    type Target = Running;

    fn deref(&self) -> &Running {
        &self.0
    }
}
