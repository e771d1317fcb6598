//! The database server goes and comes back under a running app.

use std::time::Duration;

use paybridge::demo::journey::Journey;
use paybridge::demo::shop::{Nobody, Shop};

use crate::database::Server;
use crate::installation::{Installation, install_tls};
use crate::observed::Observed;
use crate::traffic::order;

/// So long it is gone: the worker tries every 2 seconds, and everybody else meanwhile.
const GONE: Duration = Duration::from_secs(8);

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_gone_is_told_once_and_work_goes_on_when_it_is_back() {
    install_tls();
    let database = Server::start(false);
    let installation = Installation::on(database.address(), tempfile::tempdir().unwrap());
    let _sandbox = installation.start_sandbox();
    let app = Observed::start(&installation, &mut installation.command(&["serve"]));
    app.becomes(200).await;
    app.shows("paybridge_database_up 1").await;
    let shop = Shop::new(installation.app(), installation.token.clone(), Box::new(Nobody)).unwrap();
    let mut journey = Journey::new(&shop, installation.stripe());
    journey.configure().await.unwrap();
    journey.take_order().await.unwrap();

    database.fall();
    let told = app.becomes(503).await;
    assert!(told.contains("The database cannot be used; the app's log says why"), "{told}");
    let client = reqwest::Client::new();
    let begun = tokio::time::Instant::now();
    let mut asked = 0;
    while begun.elapsed() < GONE {
        let reference = format!("GONE--{asked}");
        let refused = order(&client, &app.app, &installation.token, &reference).await.unwrap_err();
        assert!(refused.starts_with("503"), "{refused}");
        asked += 1;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    app.shows("paybridge_database_up 0").await;
    let errors = app.errors();
    assert_eq!(errors.len(), 1, "one line, however many ask: {errors:#?}");
    assert!(errors[0].contains("the database cannot be used"), "{errors:#?}");
    assert!(errors[0].contains("Next: "), "{errors:#?}");

    database.rise();
    app.becomes(200).await;
    app.shows("paybridge_database_up 1").await;
    assert_eq!(app.lines_with("the database can be used again"), 1, "{}", app.log());
    order(&client, &app.app, &installation.token, "GONE--0").await.unwrap();
    journey.ship().await.unwrap();
    journey.give_back().await.unwrap();
    assert_eq!(app.errors().len(), 1, "{}", app.log());
}
