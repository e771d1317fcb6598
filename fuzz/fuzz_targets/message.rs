//! A command as a shop sends it: headers, one a line, then an empty line, then the payload.

#![no_main]

use std::sync::{Arc, LazyLock};

use app::receive_command::CommandError;
use app::{Context, Site};
use libfuzzer_sys::fuzz_target;
use protocol::{Attributes, Dialect};
use store::{Keyring, SqliteStore};
use testkit::TestEntropy;
use tokio::runtime::Runtime;

/// Without a tenant, so that nothing is stored and every input meets the same state.
static CONTEXT: LazyLock<Context> = LazyLock::new(|| {
    let entropy = Arc::new(TestEntropy::new());
    let keyring = Keyring::from_bytes(&[7; 32], []);
    let store = SqliteStore::inline(keyring, entropy.as_ref()).expect("a database in memory");
    let site = Site {
        public_url: "https://pay.example".to_owned(),
        app_identifier: "paybridge".to_owned(),
    };
    Context { store: Arc::new(store), psp: Arc::new(fuzz::psp()), entropy, site: Arc::new(site) }
});
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime")
});

fuzz_target!(|input: &[u8]| {
    let (head, body) = fuzz::head_and_body(input);
    for dialect in [Dialect::HttpChannel, Dialect::PlainHttp] {
        let headers = head.iter().filter_map(|line| line.split_once(": "));
        let attributes = Attributes::from_headers(dialect, headers);
        assert!(attributes.get("authorization").is_none(), "the token is kept");
        match RUNTIME.block_on(CONTEXT.receive_command(&attributes, body)) {
            Err(CommandError::Invalid(invalid)) => assert!(!invalid.field.is_empty()),
            Err(CommandError::UnknownTenant) => {}
            Err(CommandError::Store(error)) => panic!("{error}"),
            Ok(_) => panic!("taken for a tenant that is not there"),
        }
    }
});
