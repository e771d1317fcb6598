//! The disk of a SQLite database fills up under a running app, and there is room again. The disk is a
//! small one in memory, mounted where only the app sees it; that needs no rights beyond those of
//! anybody on Debian.

use std::fs::{File, remove_file};
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use paybridge::demo::journey::Journey;
use paybridge::demo::shop::{Nobody, Shop, TENANT};

use crate::installation::{Installation, install_tls};
use crate::observed::Observed;
use crate::traffic::order;

/// Room for the database, its log, and some orders.
const DISK: &str = "size=4m";
/// Mounts a disk over the folder in `$0`, with what was there on it, and goes on as the command that
/// follows.
const MOUNT: &str = "set -e; copy=$(mktemp -d); cp -a \"$0/.\" \"$copy\"; \
    mount -t tmpfs -o \"$DISK\" tmpfs \"$0\"; cp -a \"$copy/.\" \"$0\"; rm -rf \"$copy\"; ";
/// Fills what is left of it, to the last byte.
const FILL: &str = "dd if=/dev/zero of=\"$0/filler\" bs=4k 2>/dev/null || true; cat /dev/zero >>\"$0/filler\" \
     2>/dev/null || true; ";

/// How a mount of one's own is had: everybody by being root in a user namespace, and root in a
/// container that has none.
fn namespace() -> Vec<&'static str> {
    let ways = [vec!["--user", "--map-root-user", "--mount"], vec!["--mount"]];
    let works = |way: &&Vec<&str>| {
        let try_it = "mount -t tmpfs tmpfs /mnt";
        let mut command = Command::new("unshare");
        let quiet = command.args(way.as_slice()).args(["sh", "-c", try_it]).stderr(Stdio::null());
        quiet.status().is_ok_and(|status| status.success())
    };
    let way = ways.iter().find(works);
    way.expect("unshare (of util-linux) may make a mount namespace, of a user or of root").clone()
}

fn folder(installation: &Installation) -> PathBuf {
    installation.folder.path().join("disk")
}

/// The app on a disk of its own, after `before` was done there.
fn on_a_small_disk(installation: &Installation, before: &str) -> Command {
    let serve = installation.command(&["serve"]);
    let mut command = Command::new("unshare");
    command
        .args(namespace())
        .args(["sh", "-c", &format!("{MOUNT}{before}exec \"$@\"")])
        .arg(folder(installation))
        .arg(serve.get_program())
        .args(serve.get_args())
        .current_dir(installation.folder.path())
        .envs(serve.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .env("DISK", DISK);
    command
}

/// What takes all the room there is, as the app's disk shows it.
fn filler(app: &Observed, installation: &Installation) -> PathBuf {
    let root = PathBuf::from(format!("/proc/{}/root", app.process.0.id()));
    root.join(folder(installation).strip_prefix("/").unwrap()).join("filler")
}

fn fill(filler: &PathBuf) {
    let mut file = File::options().create(true).append(true).open(filler).unwrap();
    for size in [4096, 1] {
        while file.write_all(&vec![0; size]).is_ok() {}
    }
}

fn installation() -> Installation {
    let folder = tempfile::tempdir().unwrap();
    let database = format!("sqlite:{}", folder.path().join("disk/paybridge.db").display());
    Installation::on(database, folder)
}

async fn pay(installation: &Installation, transaction: &str) {
    let url = format!("{}/v1/payment_intents/{transaction}/confirm", installation.stripe());
    let request = reqwest::Client::new()
        .post(url)
        .bearer_auth(paybridge::demo::journey::SECRET_KEY)
        .header("content-type", "application/x-www-form-urlencoded")
        .body("payment_method=pm_card_visa&return_url=https%3A%2F%2Fshop.test");
    assert!(request.send().await.unwrap().status().is_success());
}

async fn command(installation: &Installation) -> u16 {
    let request = reqwest::Client::new()
        .post(format!("{}/message-channels/payment-commands", installation.app()))
        .bearer_auth(&installation.token)
        .header("name", "CapturePayment")
        .header("transfer-name", "CapturePayment")
        .header("correlation-id", "shipment-1")
        .header("tenant-identifier", TENANT)
        .body(r#"{"orderReference":"FULL--1","orderItemIds":[1],"amount":9999,"currencyIsoCode":"EUR"}"#);
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_full_disk_nothing_is_taken_that_could_be_lost_and_all_goes_on_when_there_is_room() {
    install_tls();
    let installation = installation();
    let _sandbox = installation.start_sandbox();
    let app = Observed::start(&installation, &mut on_a_small_disk(&installation, ""));
    app.becomes(200).await;
    let shop = Shop::new(installation.app(), installation.token.clone(), Box::new(Nobody)).unwrap();
    let mut journey = Journey::new(&shop, installation.stripe());
    journey.configure().await.unwrap();
    journey.take_order().await.unwrap();
    let client = reqwest::Client::new();
    let place = |reference: String| {
        let (client, app, token) = (client.clone(), app.app.clone(), installation.token.clone());
        async move { order(&client, &app, &token, &reference).await }
    };
    let mut answered = Vec::new();
    for number in 0..5 {
        let reference = format!("FULL--{number}");
        answered.push((reference.clone(), place(reference).await.unwrap()));
    }

    let filler = filler(&app, &installation);
    fill(&filler);
    let told = loop {
        // The last bytes of what SQLite had taken before may still be used.
        let number = answered.len();
        let reference = format!("FULL--{number}");
        match place(reference.clone()).await {
            Ok(transaction) => answered.push((reference, transaction)),
            Err(refused) => break refused,
        }
    };
    assert!(told.starts_with("503"), "{told}");
    assert_eq!(command(&installation).await, 503);
    pay(&installation, &answered[1].1).await;
    app.answers("/webhooks/test", 503).await;
    let told = app.becomes(503).await;
    assert!(told.contains("The disk of the database is full; make room on it"), "{told}");
    app.shows("paybridge_database_up 0").await;
    app.shows("paybridge_database_disk_full 1").await;
    for number in 0..20 {
        assert!(place(format!("REFUSED--{number}")).await.unwrap_err().starts_with("503"));
    }
    let errors = app.errors();
    assert_eq!(errors.len(), 1, "one line, however many ask: {errors:#?}");
    assert!(errors[0].contains("Next: make room on that disk"), "{errors:#?}");

    remove_file(&filler).unwrap();
    app.becomes(200).await;
    app.shows("paybridge_database_up 1").await;
    app.shows("paybridge_database_disk_full 0").await;
    assert_eq!(app.lines_with("the database can be used again"), 1, "{}", app.log());
    for (reference, transaction) in answered {
        assert_eq!(place(reference).await.unwrap(), transaction, "what was answered is kept");
    }
    // The stand-in for Stripe sends again what was refused; its next try may be half a minute away.
    let paid = shop.wait_for("payment-events", "PaymentAuthorized", 1).await.unwrap();
    assert_eq!(paid.body["orderReference"], "FULL--1");
    journey.ship().await.unwrap();
    journey.give_back().await.unwrap();
    assert_eq!(command(&installation).await, 200);
    let captured = shop.wait_for("payment-events", "PaymentCaptured", 1).await.unwrap();
    assert_eq!(captured.body["orderReference"], "FULL--1");
    assert_eq!(app.errors().len(), 1, "{}", app.log());
}

#[test]
fn a_start_on_a_full_disk_says_so() {
    let installation = installation();
    let output = on_a_small_disk(&installation, FILL).output().unwrap();
    assert!(!output.status.success());
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("there is no room on the disk of"), "{told}");
    assert!(told.contains("make room on it, then start again"), "{told}");
}
