//! The screen a page is looked at on: its size, light or dark, and a picture of what it shows.

use std::path::Path;
use std::time::Duration;

use serde_json::json;

use super::Browser;

/// Phones, tablets and desks, in CSS pixels.
pub const WIDTHS: [u32; 3] = [PHONE, 768, 1280];
/// The narrowest of them.
pub const PHONE: u32 = 360;

/// How high a screen is before a picture makes it as high as the page.
const HEIGHT: u32 = 900;
/// Transitions of colours are over after so long.
const SETTLED: Duration = Duration::from_millis(250);

impl Browser {
    /// Looks at pages on a screen of this width.
    pub async fn look_at_width(&self, width: u32) {
        self.set_screen(width, HEIGHT).await;
    }

    async fn set_screen(&self, width: u32, height: u32) {
        let screen =
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.command("Emulation.setDeviceMetricsOverride", screen).await;
    }

    /// Lets the system ask pages to be light or dark.
    pub async fn look_in(&self, scheme: &str) {
        let feature = json!({"name": "prefers-color-scheme", "value": scheme});
        self.command("Emulation.setEmulatedMedia", json!({"features": [feature]})).await;
        tokio::time::sleep(SETTLED).await;
    }

    /// Fails where somebody would have to scroll sideways.
    pub async fn check_width(&self, page: &str) {
        let answer = self
            .driver
            .execute("return document.scrollingElement.scrollWidth - window.innerWidth", vec![])
            .await
            .expect("the page can be measured");
        let beyond: i64 = answer.convert().expect("a width is a number");
        assert!(beyond <= 0, "{page} is {beyond} px wider than the screen");
    }

    /// Writes a picture of the whole page, as high as it is.
    pub async fn picture(&self, width: u32, file: &Path) {
        self.set_screen(width, HEIGHT).await;
        let height = self
            .driver
            .execute("return document.scrollingElement.scrollHeight", vec![])
            .await
            .expect("the page can be measured");
        let height: u32 = height.convert().expect("a height is a number");
        self.set_screen(width, height.max(HEIGHT)).await;
        tokio::time::sleep(SETTLED).await;
        let picture = self.driver.screenshot_as_png().await.expect("Chromium takes a picture");
        std::fs::write(file, picture).expect("the picture can be written");
    }

    async fn command(&self, name: &str, parameters: serde_json::Value) {
        let sent = self.driver.cdp().send_raw(name, parameters).await;
        sent.unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}
