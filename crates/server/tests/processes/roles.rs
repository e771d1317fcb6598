//! Processes that only answer or only work, and one that follows another without anybody noticing.

use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::process::Command;
use std::time::Duration;

use paybridge::demo::journey::Journey;
use paybridge::demo::shop::{Nobody, Shop};

use crate::installation::{Installation, Process, install_tls};
use crate::traffic::Traffic;

/// How long the app still answers after it was asked to stop.
const DRAIN_SECONDS: &str = "1";
const RESTARTS: usize = 3;

/// The status of a path, once somebody answers there.
async fn status(url: &str) -> u16 {
    for _ in 0..200 {
        // Each time by a connection of its own, as a load balancer looks.
        if let Ok(answer) = reqwest::Client::new().get(url).send().await {
            return answer.status().as_u16();
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    0
}

/// The program, started as a service manager does that holds the listening socket.
fn start_on(socket: &TcpListener, installation: &Installation) -> Process {
    let serve = installation.command(&["serve"]);
    let mut shell = Command::new("sh");
    shell
        .args(["-c", "exec 3<&0 0</dev/null; LISTEN_FDS=1 LISTEN_PID=$$ exec \"$0\" serve"])
        .arg(serve.get_program())
        .current_dir(installation.folder.path())
        .envs(serve.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .env("PAYBRIDGE_DRAIN_SECONDS", DRAIN_SECONDS)
        .stdin(OwnedFd::from(socket.try_clone().unwrap()));
    let quiet = shell.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    Process(quiet.spawn().expect("the shell starts"))
}

/// A SQLite database is used by one process at a time: the next one starts when the last one has
/// ended. Connections wait in the socket meanwhile, and not one request fails.
#[tokio::test(flavor = "multi_thread")]
async fn a_restart_fails_no_request() {
    install_tls();
    let mut installation = Installation::new();
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    installation.app_port = socket.local_addr().unwrap().port();
    let _sandbox = installation.start_sandbox();
    let ready = format!("{}/health/ready", installation.app());
    let mut app = start_on(&socket, &installation);
    assert_eq!(status(&ready).await, 200);
    let shop = Shop::new(installation.app(), installation.token.clone(), Box::new(Nobody)).unwrap();
    Journey::new(&shop, installation.stripe()).configure().await.unwrap();

    let traffic = Traffic::start(&installation.app(), &installation.token);
    for _ in 0..RESTARTS {
        traffic.goes_on(10).await;
        app.terminate();
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(status(&ready).await, 503, "readiness goes first");
        traffic.goes_on(5).await;
        let mut last = app;
        let ended = tokio::task::spawn_blocking(move || last.0.wait().unwrap()).await.unwrap();
        assert!(ended.success(), "{ended}");
        app = start_on(&socket, &installation);
        assert_eq!(status(&ready).await, 200);
    }
    traffic.goes_on(10).await;
    assert_eq!(traffic.end().await, Vec::<String>::new());
}

/// What one process stores, another one carries out.
#[tokio::test(flavor = "multi_thread")]
async fn an_api_stores_and_a_worker_carries_out() {
    install_tls();
    let installation = Installation::new();
    let _sandbox = installation.start_sandbox();
    let shop = Shop::new(installation.app(), installation.token.clone(), Box::new(Nobody)).unwrap();
    let mut journey = Journey::new(&shop, installation.stripe());
    let everything = installation.start_app();
    journey.configure().await.unwrap();
    journey.take_order().await.unwrap();
    stop(everything).await;

    let ready = format!("{}/health/ready", installation.app());
    let api = Process::start(&mut installation.command(&["serve", "--role", "api"]));
    assert_eq!(status(&ready).await, 200);
    let second = installation.command(&["serve", "--role", "worker"]).output().unwrap();
    let told = String::from_utf8_lossy(&second.stderr);
    assert!(told.contains("another paybridge uses this database"), "{told}");
    let command = serde_json::json!({
        "orderReference": "DE--1", "orderItemIds": [1001, 1002],
        "currencyIsoCode": "EUR", "amount": 18_979,
    });
    shop.command("CapturePayment", &command).await.unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let waiting = || installation.output(&["inbox", "list", "--waiting"]);
    assert!(waiting().contains("CapturePayment"), "{}", waiting());
    stop(api).await;

    let worker = Process::start(&mut installation.command(&["serve", "--role", "worker"]));
    assert_eq!(status(&ready).await, 200);
    let channel = format!("{}/message-channels/payment-events", installation.app());
    assert_eq!(status(&channel).await, 404, "a worker answers those who watch it alone");
    for _ in 0..100 {
        if !waiting().contains("CapturePayment") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    stop(worker).await;

    let _everything = installation.start_app();
    shop.wait_for("payment-events", "PaymentCaptured", 0).await.unwrap();
}

async fn stop(mut process: Process) {
    process.terminate();
    let ended = tokio::task::spawn_blocking(move || process.0.wait().unwrap()).await.unwrap();
    assert!(ended.success(), "{ended}");
}
