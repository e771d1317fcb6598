//! Chromium, driven by WebDriver: what a person can do, and what the browser complains of.

use std::time::Duration;

use thirtyfour::error::{WebDriverError, WebDriverErrorInner};
use thirtyfour::prelude::*;
use thirtyfour::{
    BrowserLogEntry, ChromeCapabilities, ChromiumLikeCapabilities, LoggingPrefsLogLevel,
};

use super::process::Process;

/// How long a page may take until it shows what a test waits for.
const PATIENCE: Duration = Duration::from_secs(20);
/// What the browser itself says of a decline: Stripe answers it with this status.
pub const DECLINED: &str = "the server responded with a status of 402 (Payment Required)";
/// What the browser itself says of every answer that is not a good one.
const ANSWERED: &str = "the server responded with a status of ";
/// How often a person who misses tries to click.
const CLICKS_MAX: usize = 5;
const POLL: Duration = Duration::from_millis(50);

/// Chromium's windows are at least this wide; what is narrower is a phone.
const WINDOW_WIDTH_MIN: u32 = 500;

/// What Chromium needs to run unseen, as root, without asking anything of the network by itself.
const FLAGS: [&str; 9] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];

/// How a browser is set up.
pub struct Setup {
    /// What the browser asks pages for, as in `Accept-Language`.
    pub language: &'static str,
    pub javascript: bool,
    /// The size of the window, in CSS pixels.
    pub size: (u32, u32),
    pub dark: bool,
}

impl Default for Setup {
    fn default() -> Self {
        Self { language: "en", javascript: true, size: (1280, 900), dark: false }
    }
}

/// Whether the page has replaced an element since it was found.
fn is_gone(error: &WebDriverError) -> bool {
    matches!(**error, WebDriverErrorInner::StaleElementReference(_))
}

pub struct Browser {
    pub driver: WebDriver,
    // Ends after the session.
    _process: Process,
}

impl Browser {
    pub async fn open(setup: &Setup) -> Self {
        let (process, port) = Process::start("chromedriver", &["--port=0"], |line| {
            line.split("successfully on port ").nth(1)?.trim_end_matches('.').parse::<u16>().ok()
        });
        let mut wanted = ChromeCapabilities::new();
        for flag in FLAGS {
            wanted.add_arg(flag).expect("a flag is text");
        }
        let (width, height) = setup.size;
        wanted.add_arg(&format!("--window-size={width},{height}")).expect("a flag is text");
        if width < WINDOW_WIDTH_MIN {
            let phone = serde_json::json!({ "deviceMetrics": {
                "width": width, "height": height, "pixelRatio": 1.0,
            } });
            wanted.add_experimental_option("mobileEmulation", phone).expect("numbers are JSON");
        }
        wanted.add_arg(&format!("--lang={}", setup.language)).expect("a flag is text");
        if setup.dark {
            wanted.add_arg("--blink-settings=preferredColorScheme=0").expect("a flag is text");
        }
        let mut preferences = serde_json::json!({ "intl.accept_languages": setup.language });
        if !setup.javascript {
            preferences["profile.managed_default_content_settings.javascript"] = 2.into();
        }
        wanted.add_experimental_option("prefs", preferences).expect("preferences are JSON");
        wanted.set_browser_log_level(LoggingPrefsLogLevel::All).expect("a level is JSON");
        let driver = WebDriver::new(format!("http://127.0.0.1:{port}"), wanted)
            .await
            .expect("chromedriver starts Chromium");
        Self { driver, _process: process }
    }

    /// The element that is shown; waits for it.
    pub async fn see(&self, css: &str) -> WebElement {
        match self.find(By::Css(css)).await {
            Ok(element) => element,
            Err(error) => panic!("{css} is not to be seen: {error}\n{}", self.text().await),
        }
    }

    /// Whether the element is shown now.
    pub async fn is_shown(&self, css: &str) -> bool {
        match self.driver.find(By::Css(css)).await {
            Ok(element) => element.is_displayed().await.unwrap_or_default(),
            Err(_) => false,
        }
    }

    async fn find(&self, by: By) -> WebDriverResult<WebElement> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let found =
                self.driver.query(by.clone()).wait(PATIENCE, POLL).and_displayed().first().await;
            // A page that changes by itself may replace what is about to be looked at.
            match found {
                Err(error) if is_gone(&error) && tokio::time::Instant::now() < deadline => {}
                found => return found,
            }
        }
    }

    pub async fn click(&self, css: &str) {
        // A page that changes by itself may replace what is about to be clicked.
        for _ in 0..CLICKS_MAX {
            if let Err(error) = self.see(css).await.click().await {
                assert!(is_gone(&error), "{css}: {error}");
            } else {
                return;
            }
        }
        panic!("{css} does not stay long enough to be clicked");
    }

    /// Clicks what a person would name so: a button or link by its words.
    pub async fn press(&self, words: &str) {
        let path = format!(
            "//*[self::button or self::a or @role='button'][normalize-space()=\"{words}\"]"
        );
        match self.find(By::XPath(path)).await {
            Ok(element) => element.click().await.unwrap_or_else(|error| panic!("{words}: {error}")),
            Err(error) => panic!("no button {words}: {error}\n{}", self.text().await),
        }
    }

    pub async fn type_into(&self, css: &str, keys: &str) {
        self.see(css).await.send_keys(keys).await.unwrap_or_else(|error| panic!("{css}: {error}"));
    }

    /// Waits until the page says so.
    pub async fn read(&self, words: &str) {
        self.until(&format!("the page says {words:?}"), async || self.text().await.contains(words))
            .await;
    }

    /// Waits until the address in the bar begins so.
    pub async fn arrive(&self, address: &str) {
        self.until(&format!("the address is {address}"), async || {
            self.address().await.starts_with(address)
        })
        .await;
    }

    /// Waits for what a person would wait for.
    pub async fn until(&self, what: &str, holds: impl AsyncFn() -> bool) {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while !holds().await {
            if tokio::time::Instant::now() > deadline {
                panic!("not so: {what}\nat {}\n{}", self.address().await, self.text().await);
            }
            tokio::time::sleep(POLL).await;
        }
    }

    pub async fn address(&self) -> String {
        self.driver
            .current_url()
            .await
            .map_or_else(|error| error.to_string(), |url| url.to_string())
    }

    /// What the page shows, as text; empty between two pages.
    pub async fn text(&self) -> String {
        match self.driver.find(By::Tag("body")).await {
            Ok(body) => body.text().await.unwrap_or_default(),
            Err(_) => String::new(),
        }
    }

    /// What the console holds since it was read last: errors of scripts, blocked and missing
    /// resources.
    pub async fn complaints(&self) -> Vec<String> {
        let entries = self.driver.browser_log().await.expect("the log can be read");
        let complaint =
            |entry: &BrowserLogEntry| entry.level == "SEVERE" || entry.level == "WARNING";
        entries.into_iter().filter(complaint).map(|entry| entry.message).collect()
    }

    /// Fails unless the console holds these complaints and no others since it was read last.
    pub async fn complains_of(&self, expected: &[&str]) {
        let complaints = self.complaints().await;
        let fits = complaints.len() == expected.len()
            && complaints.iter().zip(expected).all(|(complaint, part)| complaint.contains(part));
        assert!(fits, "expected: {expected:?}\nthe console: {complaints:#?}");
    }

    /// Fails where a script broke or a policy blocked something since the console was read last.
    /// The status of an answer, which the browser notes by itself, is no matter of how the page
    /// works.
    pub async fn works_cleanly(&self, page: &str) {
        let mut complaints = self.complaints().await;
        complaints.retain(|complaint| !complaint.contains(ANSWERED));
        assert!(complaints.is_empty(), "{page}: {complaints:#?}");
    }
}
