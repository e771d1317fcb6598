//! A copy made while shops order, and put back after the database is gone.

use std::fs;

use paybridge::demo::journey::Journey;
use paybridge::demo::shop::{Nobody, Shop};

use crate::installation::{Installation, install_tls};
use crate::traffic::Traffic;

fn shop(installation: &Installation) -> Shop {
    Shop::new(installation.app(), installation.token.clone(), Box::new(Nobody)).unwrap()
}

/// The order of before the copy is shipped and given back as if nothing had been.
#[tokio::test(flavor = "multi_thread")]
async fn a_journey_goes_on_from_a_copy_that_was_made_under_traffic() {
    install_tls();
    let installation = Installation::new();
    let _sandbox = installation.start_sandbox();
    let mut app = installation.start_app();
    let shop = shop(&installation);
    let mut journey = Journey::new(&shop, installation.stripe());
    journey.configure().await.unwrap();
    journey.take_order().await.unwrap();

    let copy = installation.folder.path().join("copies.db");
    let to = copy.to_str().unwrap();
    let traffic = Traffic::start(&installation.app(), &installation.token);
    traffic.goes_on(20).await;
    let told = installation.output(&["backup", "--to", to]);
    traffic.goes_on(20).await;
    assert_eq!(traffic.end().await, Vec::<String>::new(), "nobody noticed the copy");
    assert!(told.contains("opens 1 of its secrets: the configuration has it"), "{told}");

    let restore = |more: &[&str]| {
        let arguments = [&["restore", "--from", to], more].concat();
        installation.command(&arguments).output().unwrap()
    };
    let refused = restore(&[]);
    let told = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(1));
    assert!(told.contains("another paybridge uses this database"), "{told}");

    app.kill();
    let database = installation.folder.path().join("paybridge.db");
    fs::write(&database, "the disk has gone bad").unwrap();
    let rehearsed = restore(&["--dry-run"]);
    assert!(rehearsed.status.success());
    assert_eq!(fs::read_to_string(&database).unwrap(), "the disk has gone bad");
    let restored = restore(&[]);
    let told = String::from_utf8_lossy(&restored.stdout);
    assert!(restored.status.success() && told.contains("is kept as"), "{told}");

    let _app = installation.start_app();
    journey.ship().await.unwrap();
    journey.give_back().await.unwrap();
    // Orders of after the copy are at Stripe and not here; the shop may pay them anew.
    let traffic = Traffic::start(&installation.app(), &installation.token);
    traffic.goes_on(10).await;
    assert_eq!(traffic.end().await, Vec::<String>::new());
}

/// Neither a copy that is there is overwritten, nor a damaged one put back.
#[test]
fn copies_are_not_overwritten_and_damage_is_not_put_back() {
    let installation = Installation::new();
    let copy = installation.folder.path().join("copy.db");
    let to = copy.to_str().unwrap();
    installation.output(&["backup", "--to", to]);
    let failed = |arguments: &[&str]| {
        let output = installation.command(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let told = failed(&["backup", "--to", to]);
    assert!(told.contains("is there already"), "{told}");

    let mut bytes = fs::read(&copy).unwrap();
    let half = bytes.len() / 2;
    bytes.truncate(half);
    let damaged = installation.folder.path().join("half.db");
    fs::write(&damaged, bytes).unwrap();
    let told = failed(&["restore", "--from", damaged.to_str().unwrap()]);
    assert!(told.contains("is no whole paybridge database"), "{told}");
    let told = failed(&["restore", "--from", "nowhere.db"]);
    assert!(told.contains("there is no file nowhere.db"), "{told}");

    let connection = rusqlite::Connection::open(&copy).unwrap();
    let newer = "INSERT INTO schema_migration VALUES (9999, 'of_tomorrow', 0)";
    connection.execute(newer, []).unwrap();
    drop(connection);
    let told = failed(&["restore", "--from", to]);
    assert!(told.contains("was migrated to version 9999 by a newer paybridge"), "{told}");
}

/// What has ended long ago goes, and the command says what; a rehearsal changes nothing.
#[test]
fn old_rows_are_given_up_by_hand() {
    let installation = Installation::new();
    let database = installation.folder.path().join("paybridge.db");
    let connection = rusqlite::Connection::open(&database).unwrap();
    let event = "INSERT INTO inbox (tenant, id, kind, external_id, name, attributes, received_at,
        state, ended_at) VALUES ('t', 'i', 'event', 'evt_1', 'charge.updated', '{}', 0, 'done', 0)";
    connection.execute(event, []).unwrap();
    let count = || -> i64 {
        connection.query_row("SELECT count(*) FROM inbox", [], |row| row.get(0)).unwrap()
    };
    let pruned = |arguments: &[&str]| {
        let report: serde_json::Value =
            serde_json::from_str(&installation.output(arguments)).unwrap();
        report["pruned"][0]["rows"].as_u64()
    };
    assert_eq!((pruned(&["prune", "--dry-run", "--json"]), count()), (Some(1), 1));
    assert_eq!((pruned(&["prune", "--json"]), count()), (Some(1), 0));
    assert!(installation.output(&["prune"]).contains("So many rows were given up."));
}
