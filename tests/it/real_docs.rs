//! The reference on a phone: served by the daemon, read in a real browser.

use crate::harness::daemon::{Daemon, Setup};
use crate::harness::servers::Chromium;

/// Pages of every kind: the list, the longest, one with code, one with a table of words, a code and an action.
const PAGES: [&str; 7] = [
    "/docs",
    "/docs/playbooks",
    "/docs/keys",
    "/docs/expressions",
    "/docs/templates",
    "/docs/SD0331",
    "/docs/http.call",
];

#[tokio::test]
async fn the_reference_is_readable_on_a_phone_and_its_links_lead_on() {
    let daemon = Daemon::start(&Setup::new()).await;
    let chromium = Chromium::start().await;
    let folder = tempfile::tempdir().unwrap();
    for path in PAGES {
        chromium.page().goto(format!("{}{path}", daemon.url())).await.unwrap();
        let script = "return [document.documentElement.scrollWidth, window.innerWidth, document.scripts.length, \
                      parseFloat(getComputedStyle(document.querySelector('p, dd')).fontSize)]";
        let found = chromium.page().execute(script, Vec::new()).await.unwrap();
        let numbers: Vec<f64> =
            found.json().as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect();
        assert!(numbers[0] <= numbers[1], "{path} is wider than the screen: {numbers:?}");
        assert!(numbers[2] == 0.0 && numbers[3] >= 14.0, "{path}: {numbers:?}");
        // To be looked at: TEST_PAGES names a folder.
        let kept = std::env::var("TEST_PAGES").map_or(folder.path().to_owned(), std::path::PathBuf::from);
        chromium.screenshot(&kept.join(format!("{}.png", path.trim_start_matches('/').replace('/', "-")))).await;
    }
    chromium.page().goto(format!("{}/docs", daemon.url())).await.unwrap();
    for link in ["Actions", "agent.pause", "Standdown: reference"] {
        chromium.page().find(thirtyfour::By::LinkText(link)).await.unwrap().click().await.unwrap();
    }
    let address = chromium.page().current_url().await.unwrap();
    assert_eq!(address.path(), "/docs");
    chromium.quit().await;
}
