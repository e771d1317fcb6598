//! What one process takes in, another one carries out at once; and a little later where no sign of it came.

use std::time::Duration;

use app::process::Role;
use messaging::POLL;
use paybridge::config::Database;
use paybridge::signs;
use paybridge::wiring::App;
use serde_json::json;
use store::PostgresServer;
use tokio::task::JoinHandle;

use crate::support::{Order, TestApp};

/// A worker that is not woken does not look again within a test.
const NEVER: Duration = Duration::from_secs(3_600);
/// However long a loaded machine takes; the worker looks by itself when it keeps house, every 15 seconds.
const AT_ONCE: Duration = Duration::from_secs(10);
const CUT: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE application_name = 'paybridge' AND datname = current_database()";

/// A process that takes in, and one that works and pushes.
struct Processes {
    address: String,
    api: TestApp,
    working: JoinHandle<()>,
}

impl Processes {
    async fn start(gives_signs: bool, poll: Duration) -> Self {
        let address = testkit::postgres::database().await;
        let channels = ["payment-events", "payment-method-commands", "app-events"]
            .map(|name| (name.to_owned(), format!("https://shop.test/{name}").parse().unwrap()));
        let api = TestApp::pushing_on_postgres(&address, channels.into());
        let (App { mut consumer, .. }, store) = api.another_process(&address);
        consumer.poll = poll;
        if gives_signs {
            let server = PostgresServer::parse(&address).unwrap();
            let database = Database::Postgres(Box::new(server));
            api.store.wake_for_messages(api.app.consumer.wake.clone());
            signs::pass_on(&database, Role::Api, &api.store, &api.app.consumer.wake);
            signs::pass_on(&database, Role::Worker, &store, &consumer.wake);
        }
        let working = tokio::spawn(consumer.run(std::future::pending()));
        Self { address, api, working }
    }

    /// Waits until the worker has pushed so many messages of this name.
    async fn pushed(&self, name: &str, count: usize) {
        let is_so = |(_, message): &(_, app::ports::ChannelMessage)| {
            message.attributes.iter().any(|(key, value)| key == "name" && value == name)
        };
        let pushed = async {
            while self.api.pushed.messages().into_iter().filter(is_so).count() < count {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let waited = tokio::time::timeout(AT_ONCE, pushed).await;
        waited.unwrap_or_else(|_| panic!("{name}: {:?}", self.api.pushed.messages()));
    }

    /// An order is paid: the api takes the webhook, the worker carries it out.
    async fn order(&self, number: usize) {
        let order = Order::new(&format!("DE--{number}"));
        let transaction = self.api.initialize(&order).await;
        self.pushed("PaymentCreated", number).await;
        self.api.pay(&transaction, "pm_card_visa").await;
        self.api.sandbox.deliver_due().await;
        self.pushed("PaymentAuthorized", number).await;
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        self.working.abort();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_in_at_one_process_wakes_the_worker_of_another_one() {
    let processes = Processes::start(true, NEVER).await;
    assert_eq!(processes.api.configure(json!({})).await.0, 200);
    processes.pushed("AddPaymentMethod", 1).await;
    processes.order(1).await;
    // Whoever listens loses the connection, and listens again by itself.
    testkit::postgres::statement(&processes.address, CUT).await;
    processes.order(2).await;
    processes.order(3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_sign_the_worker_finds_it_all_the_same() {
    let processes = Processes::start(false, POLL).await;
    assert_eq!(processes.api.configure(json!({})).await.0, 200);
    processes.pushed("AddPaymentMethod", 1).await;
    processes.order(1).await;
}
