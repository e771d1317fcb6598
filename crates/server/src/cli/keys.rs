//! `paybridge keys`: making encryption keys, and moving from one to the next.

use std::sync::Arc;

use anyhow::{anyhow, bail};
use app::Entropy;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::{Args, Subcommand};
use store::{DatabaseOperator, KeyUse, Keyring, STEP_PAUSE};
use zeroize::Zeroizing;

use crate::cli::operator::{help_end, print_json};
use crate::cli::start::{self, ConfigFile};
use crate::cli::table::Table;
use crate::cli::{EXIT_CODES, output};
use crate::config::keys::ENCRYPTION_KEY_BYTES;
use crate::entropy::SystemEntropy;
use crate::wiring::open_operator;

/// Make and rotate encryption keys
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct KeysArguments {
    #[command(subcommand)]
    command: KeysCommand,
}

#[derive(Debug, Subcommand)]
enum KeysCommand {
    /// Print a new random key: 32 bytes in base64
    ///
    /// Fit for PAYBRIDGE_ENCRYPTION_KEY and, as a long random word, for PAYBRIDGE_AUTH_TOKEN. It is
    /// stored nowhere: keep the encryption key safe and apart from the database and its backups,
    /// because without it the stored credentials cannot be read.
    #[command(after_help = generate_help())]
    Generate,
    /// Show which keys the database needs, by their ids
    #[command(after_help = help_end(&["paybridge keys list"]))]
    List(RingArguments),
    /// Move everything that older keys protect to the encryption key
    ///
    /// Before: make a key, set it as `encryption_key`, move the old one to `older_encryption_keys`,
    /// and restart the server with both. Then this works beside it and stops nothing. It goes on
    /// where it was stopped. After it the old key can be taken away; backups from before still need
    /// it.
    #[command(after_help = help_end(&["paybridge keys rotate --dry-run", "paybridge keys rotate"]))]
    Rotate(RotateArguments),
}

#[derive(Clone, Debug, Args)]
struct RingArguments {
    #[command(flatten)]
    file: ConfigFile,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Debug, Args)]
struct RotateArguments {
    #[command(flatten)]
    ring: RingArguments,

    /// Say what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
}

/// The keys of the configuration, and the database they are for.
struct Ring {
    keyring: Arc<Keyring>,
    store: DatabaseOperator,
}

impl Ring {
    fn open(arguments: &RingArguments) -> anyhow::Result<Self> {
        let config = arguments.file.load()?;
        let keyring = Arc::new(config.keyring()?);
        Ok(Self { keyring, store: open_operator(&config.database)? })
    }

    async fn uses(&self) -> anyhow::Result<Vec<KeyUse>> {
        Ok(self.store.key_uses(&self.keyring).await?)
    }

    /// Step by step, so that a server beside it never waits for long.
    async fn move_all(&self) -> anyhow::Result<u64> {
        let mut moved = 0;
        loop {
            let now = SystemEntropy.now();
            let step = self.store.rotate_some(Arc::clone(&self.keyring), now).await?;
            moved += step.moved;
            if step.done {
                return Ok(moved);
            }
            tokio::time::sleep(STEP_PAUSE).await;
        }
    }

    fn role(&self, key: &KeyUse) -> &'static str {
        match (key.key_id == self.keyring.active_id(), key.in_ring) {
            (true, _) => "encryption_key",
            (false, true) => "older",
            (false, false) => "MISSING",
        }
    }

    /// So many secrets that the ring can move are under an older key.
    fn left(&self, uses: &[KeyUse]) -> u64 {
        uses.iter().filter(|key| self.role(key) == "older").map(|key| key.secrets).sum()
    }
}

fn list(arguments: &RingArguments) -> anyhow::Result<()> {
    let ring = Ring::open(arguments)?;
    let uses = start::runtime()?.block_on(ring.uses())?;
    if arguments.json {
        return print_json(&rows(&ring, &uses));
    }
    let mut table = Table::new(&["KEY", "ROLE", "SECRETS"]);
    for key in &uses {
        table.push(vec![key.key_id.clone(), ring.role(key).to_owned(), key.secrets.to_string()]);
    }
    let mut text = table.render("");
    if uses.iter().any(|key| !key.in_ring) {
        text.push_str(
            "A missing key: add it to `older_encryption_keys`; what it protects waits until then.\n",
        );
    }
    output::print(&text)
}

fn rows(ring: &Ring, uses: &[KeyUse]) -> serde_json::Value {
    let rows = uses.iter().map(|key| {
        serde_json::json!({"key": key.key_id, "role": ring.role(key), "secrets": key.secrets})
    });
    serde_json::json!({ "rows": rows.collect::<Vec<_>>() })
}

fn rotate(arguments: &RotateArguments) -> anyhow::Result<()> {
    let ring = Ring::open(&arguments.ring)?;
    let (moved, uses) = start::runtime()?.block_on(async {
        let moved = if arguments.dry_run { 0 } else { ring.move_all().await? };
        anyhow::Ok((moved, ring.uses().await?))
    })?;
    let left = ring.left(&uses);
    if arguments.ring.json {
        print_json(&serde_json::json!({
            "dry_run": arguments.dry_run, "moved": moved, "left": left,
            "keys": rows(&ring, &uses)["rows"],
        }))?;
    } else if arguments.dry_run {
        output::print(&format!(
            "Dry run, nothing was changed: {left} secrets would be moved to key {}.\n",
            ring.keyring.active_id()
        ))?;
    } else {
        let active = ring.keyring.active_id();
        output::print(&format!("{moved} secrets were moved to key {active}.\n"))?;
    }
    if let Some(missing) = uses.iter().find(|key| !key.in_ring) {
        bail!(
            "{} secrets need key {}, which is not there: add it to `older_encryption_keys` and \
             rotate again",
            missing.secrets,
            missing.key_id
        );
    }
    if left > 0 && !arguments.dry_run {
        bail!("{left} secrets do not open with the key that they name; keep the older keys");
    }
    Ok(())
}

fn generate_help() -> String {
    format!(
        "Examples:\n  \
           export PAYBRIDGE_ENCRYPTION_KEY=\"$(paybridge keys generate)\"\n  \
           export PAYBRIDGE_AUTH_TOKEN=\"$(paybridge keys generate)\"\n\n{EXIT_CODES}"
    )
}

pub(super) fn run(arguments: &KeysArguments) -> anyhow::Result<()> {
    match &arguments.command {
        KeysCommand::Generate => generate(),
        KeysCommand::List(arguments) => list(arguments),
        KeysCommand::Rotate(arguments) => rotate(arguments),
    }
}

/// The key alone goes to the standard output, so that a shell can take it.
fn generate() -> anyhow::Result<()> {
    let mut key = Zeroizing::new([0_u8; ENCRYPTION_KEY_BYTES]);
    getrandom::fill(key.as_mut_slice())
        .map_err(|error| anyhow!("the operating system gives no random bytes: {error}"))?;
    let text = Zeroizing::new(STANDARD.encode(key.as_slice()) + "\n");
    output::print(&text)
}
