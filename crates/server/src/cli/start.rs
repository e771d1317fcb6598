//! What commands that run something need first.

use std::path::PathBuf;

use anyhow::{Context, anyhow};
use clap::Args;
use tokio::runtime::Runtime;

use crate::config::{Config, ConfigError, Sources};

/// The argument of every command that reads the configuration.
#[derive(Clone, Debug, Args)]
pub struct ConfigFile {
    /// The TOML file to read [default: what PAYBRIDGE_CONFIG names, else ./paybridge.toml if it is
    /// there]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl ConfigFile {
    /// What the configuration of this process is read from.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn sources(&self) -> Result<Sources, ConfigError> {
        Sources::of_process(self.config.as_deref())
    }

    /// The configuration of this process. Secrets may be absent: see [`Config::secrets`].
    ///
    /// # Errors
    /// With everything that is wrong with it.
    pub fn load(&self) -> Result<Config, ConfigError> {
        Config::load(self.sources()?)
    }
}

/// Says which TLS implementation this process uses. Once a process, before the first HTTP client.
///
/// # Errors
/// When another one was installed before.
pub fn install_tls() -> anyhow::Result<()> {
    rustls::crypto::ring::default_provider()
        .install_default()
        .map_err(|_| anyhow!("another TLS provider is installed already"))
}

/// The runtime that everything asynchronous runs on.
///
/// # Errors
/// When the operating system gives no threads.
pub fn runtime() -> anyhow::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")
}
