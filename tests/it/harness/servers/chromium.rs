//! Headless Chromium with the screen of a phone, driven through `chromedriver`.
//!
//! Chromium is started here and not by `chromedriver`, because one that is killed leaves its browser behind.

use std::fs;
use std::path::Path;

use serde_json::json;
use tempfile::TempDir;
use thirtyfour::common::capabilities::chromium::ChromiumLikeCapabilities;
use thirtyfour::{DesiredCapabilities, WebDriver};

use super::process::{Process, installed};

pub struct Chromium {
    driver: WebDriver,
    _chromedriver: Process,
    _browser: Process,
}

impl Chromium {
    /// The screen of a usual phone, in CSS pixels.
    pub const WIDTH: u32 = 390;
    pub const HEIGHT: u32 = 844;

    pub async fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let told = folder.path().join("profile/DevToolsActivePort");
        let mut browser = Process::start(&installed("chromium"), folder, |command| {
            command.args(FLAGS).arg(format!("--window-size={},{}", Self::WIDTH, Self::HEIGHT)).arg("about:blank");
        });
        let debugging = browser.wait_until("say its debugging port", || async { first_line(&told) }).await;
        let mut chromedriver = Process::start(&installed("chromedriver"), TempDir::new().unwrap(), |command| {
            command.arg("--port=0");
        });
        let port = chromedriver.wait_for_line("on which port it listens", listening).await;

        let mut capabilities = DesiredCapabilities::chrome();
        capabilities.set_debugger_address(&format!("127.0.0.1:{debugging}")).unwrap();
        let driver = WebDriver::new(format!("http://127.0.0.1:{port}"), capabilities).await.unwrap();
        become_a_phone(port, &driver.session_id().to_string()).await;
        Self { driver, _chromedriver: chromedriver, _browser: browser }
    }

    /// The open page: `goto`, `find`, `source` and so on.
    pub fn page(&self) -> &WebDriver {
        &self.driver
    }

    /// Writes what the phone shows to a PNG file.
    pub async fn screenshot(&self, file: &Path) {
        self.driver.screenshot(file).await.unwrap();
    }

    /// Ends the session in good order; dropping ends it by force.
    pub async fn quit(self) {
        self.driver.quit().await.unwrap();
    }
}

/// A window has a least width that is more than a phone's, so the screen is set through the browser's own protocol.
async fn become_a_phone(port: u16, session: &str) {
    let screen = json!({
        "width": Chromium::WIDTH, "height": Chromium::HEIGHT, "deviceScaleFactor": 1, "mobile": true,
    });
    let url = format!("http://127.0.0.1:{port}/session/{session}/goog/cdp/execute");
    let command = json!({ "cmd": "Emulation.setDeviceMetricsOverride", "params": screen });
    let answer = reqwest::Client::new().post(url).json(&command).send().await.unwrap();
    assert!(answer.status().is_success(), "ChromeDriver did not set the screen: {}", answer.text().await.unwrap());
}

/// Without those about the background, Chromium asks for its maker's hosts at every start.
const FLAGS: [&str; 14] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--no-first-run",
    "--no-default-browser-check",
    "--user-data-dir=profile",
    "--remote-debugging-port=0",
];

fn first_line(file: &Path) -> Option<u16> {
    fs::read_to_string(file).ok()?.lines().next()?.parse().ok()
}

/// The port in `ChromeDriver was started successfully on port 41235.`
fn listening(line: &str) -> Option<u16> {
    line.strip_prefix("ChromeDriver was started successfully on port ")?.trim_end_matches('.').parse().ok()
}
