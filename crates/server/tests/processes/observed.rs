//! A running app as an operator sees it: readiness, metrics, log.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::installation::{Installation, Process};

/// So long it takes at most until a part that came or went is noticed: the worker looks every 15
/// seconds.
const NOTICED: Duration = Duration::from_secs(40);
const TIMEOUT: Duration = Duration::from_secs(30);

/// The app, and where it writes its log.
pub struct Observed {
    pub process: Process,
    pub app: String,
    log: PathBuf,
    client: reqwest::Client,
}

impl Observed {
    pub fn start(installation: &Installation, command: &mut Command) -> Self {
        let log = installation.folder.path().join("log");
        let file = File::create(&log).unwrap();
        let child = command.stdout(Stdio::null()).stderr(file).spawn().expect("it starts");
        let client = reqwest::Client::builder().timeout(TIMEOUT).build().unwrap();
        Self { process: Process(child), app: installation.app(), log, client }
    }

    /// Waits until readiness answers with this status. Returns what it says.
    pub async fn becomes(&self, status: u16) -> String {
        let url = format!("{}/health/ready", self.app);
        let mut last = String::new();
        let reached = async {
            loop {
                if let Ok(answer) = self.client.get(&url).send().await {
                    let found = answer.status().as_u16();
                    last = format!("{found} {}", answer.text().await.unwrap_or_default());
                    if found == status {
                        return;
                    }
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        let in_time = tokio::time::timeout(NOTICED, reached).await;
        assert!(in_time.is_ok(), "{status} was expected: {last}\n{}", self.log());
        last
    }

    /// Waits until the metrics have this line.
    pub async fn shows(&self, line: &str) {
        self.finds(line, |found| found == line).await;
    }

    async fn finds(&self, what: &str, is_it: impl Fn(&str) -> bool) {
        let url = format!("{}/metrics", self.app);
        let reached = async {
            loop {
                let page = self.client.get(&url).send().await.unwrap().text().await.unwrap();
                if page.lines().any(&is_it) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        };
        let in_time = tokio::time::timeout(NOTICED, reached).await;
        assert!(in_time.is_ok(), "{what} never showed\n{}", self.log());
    }

    /// Waits until a request at this path was answered like this.
    pub async fn answers(&self, path: &str, status: u16) {
        let counted = format!(r#"path="{path}",status="{status}"}} "#);
        self.finds(&counted, |line| line.contains(&counted)).await;
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    /// How many lines of the log have this text.
    pub fn lines_with(&self, text: &str) -> usize {
        self.log().lines().filter(|line| line.contains(text)).count()
    }

    /// The lines of the log at the level of errors.
    pub fn errors(&self) -> Vec<String> {
        let log = self.log();
        log.lines().filter(|line| line.contains("ERROR")).map(str::to_owned).collect()
    }
}
