//! The `paybridge` command as a person or a script meets it.
#![expect(clippy::unwrap_used, reason = "these are tests, their helpers included")]

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The command in an empty folder and with no variables of ours.
fn paybridge(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_paybridge"));
    command.current_dir(folder).args(arguments);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PAYBRIDGE_") {
            command.env_remove(name);
        }
    }
    command
}

fn run(arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    paybridge(folder.path(), arguments).output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn help_teaches() {
    for (name, arguments) in [
        ("help", vec!["--help"]),
        ("help_serve", vec!["serve", "--help"]),
        ("help_demo", vec!["demo", "--help"]),
        ("help_migrate", vec!["migrate", "--help"]),
        ("help_config", vec!["config", "--help"]),
        ("help_keys_generate", vec!["keys", "generate", "--help"]),
        ("help_doctor", vec!["doctor", "--help"]),
        ("help_tenant_erase", vec!["tenant", "erase", "--help"]),
        ("help_sandbox", vec!["sandbox", "--help"]),
        ("help_backup", vec!["backup", "--help"]),
        ("help_restore", vec!["restore", "--help"]),
        ("help_prune", vec!["prune", "--help"]),
        ("help_health", vec!["health", "--help"]),
        ("help_payment", vec!["payment", "--help"]),
        ("help_payment_list", vec!["payment", "list", "--help"]),
        ("help_payment_show", vec!["payment", "show", "--help"]),
        ("help_tenant_account", vec!["tenant", "account", "--help"]),
        ("help_tenant_account_bind", vec!["tenant", "account", "bind", "--help"]),
        ("help_reconcile", vec!["reconcile", "--help"]),
        ("help_inbox", vec!["inbox", "--help"]),
        ("help_inbox_list", vec!["inbox", "list", "--help"]),
        ("help_inbox_show", vec!["inbox", "show", "--help"]),
        ("help_inbox_retry", vec!["inbox", "retry", "--help"]),
        ("help_inbox_discard", vec!["inbox", "discard", "--help"]),
        ("help_outbox", vec!["outbox", "--help"]),
        ("help_outbox_list", vec!["outbox", "list", "--help"]),
        ("help_outbox_retry", vec!["outbox", "retry", "--help"]),
        ("help_outbox_discard", vec!["outbox", "discard", "--help"]),
    ] {
        let output = run(&arguments);
        assert_eq!(output.status.code(), Some(0));
        insta::assert_snapshot!(name, stdout(&output));
    }
}

#[test]
fn wrong_arguments_exit_with_2() {
    let output = run(&["cofnig"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("similar subcommands exist: 'reconcile', 'config'"));
    assert_eq!(run(&["sandbox", "--listen", "everywhere"]).status.code(), Some(2));
    assert_eq!(run(&[]).status.code(), Some(2));
}

#[test]
fn an_installation_is_moved_from_sqlite_to_postgresql_and_no_other_way() {
    let refusal = |arguments: &[&str]| {
        let output = run(&[&["migrate"], arguments].concat());
        assert_eq!(output.status.code(), Some(2));
        stderr(&output)
    };
    let postgres = "postgres://paybridge:hunter2@127.0.0.1:1/books";
    insta::assert_snapshot!(
        refusal(&["--from", postgres]),
        @"error: --from: expected `sqlite:` and the path of a file: only from there an installation is moved"
    );
    insta::assert_snapshot!(
        refusal(&["--from", "sqlite:here.db"]),
        @"error: name the PostgreSQL database to move to, postgres://USER:PASSWORD@HOST:PORT/DATABASE, in `--to` or in `database_url`"
    );
    insta::assert_snapshot!(
        refusal(&["--from", "sqlite:here.db", "--to", "postgres://:hunter2@db"]),
        @"error: --to: the address does not read as postgres://USER:PASSWORD@HOST:PORT/DATABASE (it names no user or no database)"
    );
    let keyless = refusal(&["--from", "sqlite:here.db", "--to", postgres]);
    assert!(keyless.contains("`encryption_key` is not set"), "{keyless}");
    let alone = refusal(&["--to", postgres]);
    assert!(alone.contains("--from <DATABASE>") && !alone.contains("hunter2"), "{alone}");
}

#[test]
fn a_new_key_is_32_random_bytes_and_can_be_used() {
    let keys = [run(&["keys", "generate"]), run(&["keys", "generate"])].map(|output| {
        assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
        stdout(&output)
    });
    assert_ne!(keys[0], keys[1]);
    let key = keys[0].strip_suffix('\n').unwrap();
    assert_eq!(STANDARD.decode(key).unwrap().len(), 32);

    let folder = tempfile::tempdir().unwrap();
    let output = paybridge(folder.path(), &["config"])
        .env("PAYBRIDGE_ENCRYPTION_KEY", key)
        .env("PAYBRIDGE_AUTH_TOKEN", key)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(!stdout(&output).contains(key));
}

#[test]
fn config_reads_the_file_beside_it_or_the_one_named() {
    let folder = tempfile::tempdir().unwrap();
    let app_identifier = |command: &mut Command| {
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let identifier = &report["keys"]["app_identifier"];
        format!("{} from {}", identifier["value"], identifier["source"])
    };
    let config = || paybridge(folder.path(), &["config", "--json"]);
    assert_eq!(app_identifier(&mut config()), r#""paybridge" from "default""#);

    std::fs::write(folder.path().join("paybridge.toml"), "app_identifier = \"beside\"").unwrap();
    assert_eq!(app_identifier(&mut config()), r#""beside" from "./paybridge.toml""#);

    std::fs::write(folder.path().join("other.toml"), "app_identifier = \"named\"").unwrap();
    let mut by_variable = config();
    by_variable.env("PAYBRIDGE_CONFIG", "other.toml");
    assert_eq!(app_identifier(&mut by_variable), r#""named" from "other.toml""#);

    let mut by_argument = paybridge(folder.path(), &["config", "--config", "other.toml", "--json"]);
    by_argument.env("PAYBRIDGE_CONFIG", "no-such-file.toml");
    assert_eq!(app_identifier(&mut by_argument), r#""named" from "other.toml""#);

    let mut empty = config();
    empty.env("PAYBRIDGE_CONFIG", "");
    assert_eq!(app_identifier(&mut empty), r#""beside" from "./paybridge.toml""#);
}

#[test]
fn a_wrong_configuration_exits_with_2_and_says_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let output = paybridge(folder.path(), &["config"])
        .env("PAYBRIDGE_DATABASE", "sqlite:here.db")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(stdout(&output), "");
    insta::assert_snapshot!(stderr(&output), @"
    error: the configuration cannot be used:
      - there is no variable PAYBRIDGE_DATABASE; did you mean `PAYBRIDGE_DATABASE_URL`?
    ");

    let output =
        paybridge(folder.path(), &["config", "--config", "nowhere.toml"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    insta::assert_snapshot!(stderr(&output), @"
    error: the configuration cannot be used:
      - cannot read nowhere.toml: No such file or directory (os error 2)
    ");
}

/// A reader that stops reading, such as `head`, must not make the command fail.
#[test]
fn a_closed_pipe_is_no_failure() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = paybridge(folder.path(), &["config"]).stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn the_sandbox_answers_until_it_is_asked_to_stop() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = paybridge(folder.path(), &["sandbox", "--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    lines.read_line(&mut line).unwrap();
    let address = line.trim().strip_prefix("Stripe's stand-in answers on http://").unwrap();

    let mut answer = String::new();
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    std::io::Write::write_all(
        &mut stream,
        format!(
            "GET /v1/balance HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer sk_test_x\r\n\
             Connection: close\r\n\r\n"
        )
        .as_bytes(),
    )
    .unwrap();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");

    let stopped = Command::new("kill").arg(child.id().to_string()).status().unwrap();
    assert!(stopped.success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn an_address_that_is_taken_exits_with_1() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = run(&["sandbox", "--listen", &address]);
    assert_eq!(output.status.code(), Some(1));
    let expected = format!("error: cannot listen on {address}: Address already in use");
    assert!(stderr(&output).starts_with(&expected), "{}", stderr(&output));
}

#[test]
fn serve_names_every_secret_that_is_missing_and_how_to_make_it() {
    let output = run(&["serve"]);
    assert_eq!(output.status.code(), Some(2));
    let told = stderr(&output);
    for word in ["encryption_key", "auth_token", "paybridge keys generate"] {
        assert!(told.contains(word), "{word} is not in {told}");
    }
}

#[test]
fn migrate_says_what_it_did_and_serve_asks_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let key = stdout(&run(&["keys", "generate"]));
    let serve = |arguments: &[&str]| {
        paybridge(folder.path(), arguments)
            .env("PAYBRIDGE_ENCRYPTION_KEY", key.trim())
            .env("PAYBRIDGE_AUTH_TOKEN", "a-token-that-is-long-enough")
            .env("PAYBRIDGE_LISTEN", "127.0.0.1:0")
            .output()
            .unwrap()
    };
    let refused = serve(&["serve", "--no-migrate"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr(&refused).contains("paybridge migrate"), "{}", stderr(&refused));

    let applied = stdout(&paybridge(folder.path(), &["migrate"]).output().unwrap());
    assert!(applied.starts_with("applied 1 "), "{applied}");
    let again = stdout(&paybridge(folder.path(), &["migrate"]).output().unwrap());
    assert_eq!(again, "nothing to do: the database is at this version\n");
}

#[test]
fn an_account_is_bound_shown_and_taken_away_by_the_operator() {
    let folder = tempfile::tempdir().unwrap();
    let account = |arguments: &[&str]| {
        let arguments: Vec<&str> = ["tenant", "account"].iter().chain(arguments).copied().collect();
        paybridge(folder.path(), &arguments)
            .env("PAYBRIDGE_DATABASE_URL", "sqlite:data.db")
            .output()
            .unwrap()
    };
    let migrated = paybridge(folder.path(), &["migrate"])
        .env("PAYBRIDGE_DATABASE_URL", "sqlite:data.db")
        .output()
        .unwrap();
    assert!(migrated.status.success(), "{}", stderr(&migrated));

    let bind = ["bind", "my-shop", "acct_1Shop", "--mode", "test"];
    let dry = account(&[&bind[..], &["--dry-run"]].concat());
    assert_eq!(
        stdout(&dry),
        "Dry run, nothing was changed: acct_1Shop (test) would be bound: tenant my-shop.\n"
    );
    assert!(stderr(&dry).contains("\"my-shop\" is not configured yet"));
    assert!(stdout(&account(&["show", "my-shop"])).starts_with("no accounts"));
    assert_eq!(stdout(&account(&bind)), "acct_1Shop (test) is bound: tenant my-shop.\n");
    let again = account(&[&bind[..], &["--json"]].concat());
    let again: serde_json::Value = serde_json::from_str(&stdout(&again)).unwrap();
    assert_eq!((&again["done"], &again["mode"]), (&"already bound".into(), &"test".into()));
    assert!(stdout(&account(&["show", "my-shop"])).contains("acct_1Shop"));

    let other = account(&["bind", "another", "acct_1Shop", "--mode", "live"]);
    assert_eq!(other.status.code(), Some(1));
    assert!(stderr(&other).contains("belongs to the tenant \"my-shop\""), "{}", stderr(&other));
    let second = account(&["bind", "my-shop", "acct_1Second", "--mode", "test"]);
    assert!(stderr(&second).contains("has the account acct_1Shop"), "{}", stderr(&second));
    for wrong in [["bind", "my-shop", "shop", "--mode", "test"], bind_in("production")] {
        assert_eq!(account(&wrong).status.code(), Some(2));
    }
    let unbind = ["unbind", "my-shop", "--mode", "test"];
    assert_eq!(stdout(&account(&unbind)), "acct_1Shop (test) is unbound: tenant my-shop.\n");
    let gone = account(&unbind);
    assert_eq!(gone.status.code(), Some(1));
    assert!(stderr(&gone).contains("has no account in test mode"), "{}", stderr(&gone));
}

fn bind_in(mode: &str) -> [&str; 5] {
    ["bind", "my-shop", "acct_1Shop", "--mode", mode]
}
