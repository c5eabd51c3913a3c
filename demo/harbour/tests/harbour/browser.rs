//! The page in a browser: headless Chromium, driven by WebDriver. It needs the programs `chromium`
//! and `chromedriver`; where they are not, `cargo test -- --skip browser::` leaves these tests out.

#[path = "../../examples/load/ships.rs"]
mod ships;

use std::process::Stdio;
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::key::Key;
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder, Locator};
use harbour::Result;
use harbour::config::Config;
use harbour::domain::{Berth, Booking, BookingRequest};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::{Mutex, MutexGuard};
use url::{ParseError, Url};

use crate::kit::{Instance, LONG, Place};

/// One browser at a time is enough for a machine.
static TURN: Mutex<()> = Mutex::const_new(());

/// A browser, and the harbour whose page it shows.
struct Browser {
    page: Client,
    _driver: Driver,
    config: Config,
    /// `None` while it is restarted.
    harbour: Option<Instance>,
    _place: Place,
    _turn: MutexGuard<'static, ()>,
}

impl Browser {
    async fn new() -> Result<Self> {
        let turn = TURN.lock().await;
        let place = Place::new().await;
        let harbour = place.serve().await;
        let mut config = place.config();
        // It comes back where it was.
        config.http = harbour.client.address.clone();
        let (driver, page) = start().await?;
        let harbour = Some(harbour);
        Ok(Self { page, _driver: driver, config, harbour, _place: place, _turn: turn })
    }

    /// The harbour, as another client sees it.
    fn harbour(&self) -> &crate::kit::Client {
        &self.harbour.as_ref().expect("it runs").client
    }

    /// Shows the page, and waits until it is live.
    async fn show(&self) -> Result<()> {
        self.page.goto(&format!("http://{}/", self.config.http)).await?;
        self.see("body[data-feed=live]").await?;
        // It is gone when the page is loaded again.
        self.page.execute("window.isTheSamePage = true", Vec::new()).await?;
        Ok(())
    }

    /// Waits for an element.
    async fn see(&self, css: &str) -> Result<Element> {
        let element = self.page.wait().at_most(LONG).for_element(Locator::Css(css)).await;
        element.map_err(|error| format!("{css}: {error}").into())
    }

    /// Waits until a script gives `true`.
    async fn until(&self, script: &str) -> Result<()> {
        let script = format!("return {script}");
        let wait = async {
            while self.page.execute(&script, Vec::new()).await? != Value::Bool(true) {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            Ok::<_, CmdError>(())
        };
        match tokio::time::timeout(LONG, wait).await {
            Ok(done) => Ok(done?),
            Err(_) => Err(format!("it never came true: {script}").into()),
        }
    }

    async fn text(&self, css: &str) -> Result<String> {
        Ok(self.page.find(Locator::Css(css)).await?.text().await?)
    }

    /// Puts a value into a field of the form, as a user does who types.
    async fn enter(&self, field: &str, value: &str) -> Result<()> {
        let script = "const field = document.forms.book.elements.namedItem(arguments[0]);
            field.value = arguments[1];
            field.dispatchEvent(new Event('input', { bubbles: true }));";
        self.page.execute(script, vec![json!(field), json!(value)]).await?;
        Ok(())
    }

    /// Presses a key. Gives the ship that has the focus then, if one has.
    async fn press(&self, key: Key) -> Result<Option<String>> {
        let focused = self.page.active_element().await?;
        focused.send_keys(&String::from(char::from(key))).await?;
        Ok(self.page.active_element().await?.attr("data-ship").await?)
    }

    /// Ends the harbour, which must not wait for the page.
    async fn end_harbour(&mut self) {
        let harbour = self.harbour.take().expect("it runs");
        assert!(harbour.server.close().await, "the page held it up");
    }

    /// Checks that the page is the one that was shown first, and ends everything.
    async fn end(mut self) -> Result<()> {
        let same = self.page.execute("return window.isTheSamePage === true", Vec::new()).await?;
        assert_eq!(same, Value::Bool(true), "the page was loaded again");
        self.page.clone().close().await?;
        self.end_harbour().await;
        Ok(())
    }
}

/// The program that drives the browser.
struct Driver(Child);

impl Drop for Driver {
    /// A test that fails has not closed the browser, and the driver leaves it alone when it ends.
    fn drop(&mut self) {
        if let Some(id) = self.0.id() {
            let kill = ["-KILL", "-P", &id.to_string()];
            _ = std::process::Command::new("pkill").args(kill).status();
        }
    }
}

/// Starts a driver, and by it a browser.
async fn start() -> Result<(Driver, Client)> {
    let mut command = Command::new("chromedriver");
    command.arg("--port=0").stdout(Stdio::piped()).kill_on_drop(true);
    let mut driver = command.spawn().map_err(|error| format!("chromedriver: {error}"))?;
    let output = driver.stdout.take().ok_or("the driver has an output")?;
    let driver = Driver(driver);
    let mut lines = BufReader::new(output).lines();
    let port = loop {
        let line = lines.next_line().await?.ok_or("chromedriver has ended")?;
        if let Some((_, port)) = line.split_once("started successfully on port ") {
            break port.trim_end_matches('.').to_string();
        }
    };
    // Who does not read would let it wait.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    let arguments = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--hide-scrollbars",
        "--window-size=1440,1260",
    ];
    // The driver makes a new folder for the user's data, and removes it.
    let capabilities = json!({
        "goog:chromeOptions": { "args": arguments },
        "goog:loggingPrefs": { "browser": "ALL" },
    });
    let Value::Object(capabilities) = capabilities else { unreachable!("it is an object") };
    let page = ClientBuilder::new(HttpConnector::new())
        .capabilities(capabilities)
        .connect(&format!("http://127.0.0.1:{port}"))
        .await?;
    Ok((driver, page))
}

/// A stay of a day and a half in the part of the plan that is shown first.
fn stay(ship: &str, berth: i32, days: i64) -> BookingRequest {
    let arrives = Utc::now() + TimeDelta::days(days);
    let departs = arrives + TimeDelta::hours(36);
    BookingRequest { berth, ship: ship.into(), length: 35.0, draught: 3.5, arrives, departs }
}

#[tokio::test]
async fn page_shows_what_another_client_books_and_cancels_without_reload() -> Result<()> {
    let browser = Browser::new().await?;
    browser.show().await?;
    assert_eq!(browser.text("#feed-text").await?, "Live");
    let booking = browser.harbour().book(&stay("Another", 2, 1)).await;
    browser.see("[data-berth='2'] [data-ship=Another]").await?;
    browser.see("#changes .is-booked").await?;
    let label = browser.see("[data-ship=Another]").await?.attr("aria-label").await?;
    assert!(label.is_some_and(|label| label.starts_with("Another, from ")));
    assert_eq!(browser.harbour().cancel(booking.id).await, 204);
    browser.until("document.querySelector('[data-ship=Another]') === null").await?;
    browser.see("#changes .is-cancelled").await?;
    browser.end().await
}

#[tokio::test]
async fn page_books_by_its_form_and_names_what_the_harbour_refuses() -> Result<()> {
    let browser = Browser::new().await?;
    browser.show().await?;
    browser.enter("berth", "5").await?;
    browser.enter("length", "100").await?;
    browser.enter("draught", "6.5").await?;
    let ship = browser.see("input[name=ship]").await?;
    ship.send_keys("By Form").await?;
    ship.send_keys(&Key::Enter).await?;
    browser.see("[data-berth='5'] [data-ship='By Form']").await?;
    browser.until("document.querySelector('#answer b')?.textContent === 'Booked'").await?;
    let bookings = browser.harbour().json("/api/bookings").await;
    let bookings: Vec<Booking> = serde_json::from_value(bookings)?;
    assert_eq!(bookings.len(), 1);
    assert_eq!((bookings[0].length, bookings[0].draught), (100.0, 6.5));

    // Another ship at the same time: the page says so before, and the harbour by name.
    assert_eq!(browser.text("#fit").await?, "Taken for a part of that time.");
    ship.send_keys("Too Late").await?;
    ship.send_keys(&Key::Enter).await?;
    browser.until("document.querySelector('#answer b')?.textContent === 'Berth taken'").await?;
    assert!(browser.text("#answer").await?.contains("By Form has the berth"));

    // What makes no sense is not asked for.
    ship.clear().await?;
    ship.send_keys(&Key::Enter).await?;
    browser.see("input[name=ship][aria-invalid=true]").await?;
    // What only the harbour knows comes back with its field.
    browser.enter("draught", "31").await?;
    ship.send_keys("Too Deep").await?;
    ship.send_keys(&Key::Enter).await?;
    browser.see("input[name=draught][aria-invalid=true]").await?;
    assert!(browser.text("#answer").await?.starts_with("Invalid"));
    browser.end().await
}

#[tokio::test]
async fn page_is_used_by_keyboard() -> Result<()> {
    let browser = Browser::new().await?;
    browser.harbour().book(&stay("Second", 1, 4)).await;
    browser.show().await?;
    browser.see("[data-ship=Second]").await?;
    browser.harbour().book(&stay("First", 1, 1)).await;
    browser.see("[data-ship=First]").await?;
    // Ships follow each other in time, whoever was booked first.
    browser.page.execute("document.getElementById('later').focus()", Vec::new()).await?;
    let mut seen = Vec::new();
    while seen.last().map(String::as_str) != Some("Second") {
        seen.extend(browser.press(Key::Tab).await?);
        assert!(seen.len() < 3, "{seen:?}");
    }
    assert_eq!(seen, ["First", "Second"]);
    browser.press(Key::Enter).await?;
    browser.see("dialog[open]").await?;
    assert_eq!(browser.text("#ship-name").await?, "Second");
    browser.press(Key::Escape).await?;
    browser.until("!document.querySelector('dialog').open").await?;
    assert_eq!(browser.press(Key::Shift).await?.as_deref(), Some("Second"));
    browser.press(Key::Enter).await?;
    browser.page.execute("document.getElementById('cancel').focus()", Vec::new()).await?;
    browser.press(Key::Enter).await?;
    browser.until("document.querySelector('[data-ship=Second]') === null").await?;
    browser.until("!document.querySelector('dialog').open").await?;
    browser.end().await
}

#[tokio::test]
async fn page_connects_again_after_a_restart() -> Result<()> {
    let mut browser = Browser::new().await?;
    browser.show().await?;
    browser.harbour().book(&stay("Before", 1, 0)).await;
    browser.see("[data-ship=Before]").await?;
    browser.end_harbour().await;
    browser.see("body[data-feed=stale]").await?;
    assert!(browser.text("#feed-text").await?.starts_with("Stale since "));
    browser.see("[data-ship=Before]").await?;
    // What happens meanwhile is there when it is back.
    let elsewhere = Config { http: "127.0.0.1:0".into(), ..browser.config.clone() };
    let elsewhere = Instance::start(elsewhere).await;
    elsewhere.client.book(&stay("Meanwhile", 3, 1)).await;
    assert!(elsewhere.server.close().await);
    browser.harbour = Some(Instance::start(browser.config.clone()).await);
    browser.see("body[data-feed=live]").await?;
    browser.see("[data-berth='3'] [data-ship=Meanwhile]").await?;
    browser.harbour().book(&stay("After", 2, 1)).await;
    browser.see("[data-berth='2'] [data-ship=After]").await?;
    browser.end().await
}

/// The variable `HARBOUR_PICTURE` says where to write what the browser shows.
#[tokio::test]
async fn page_shows_a_harbour_with_ships() -> Result<()> {
    let browser = Browser::new().await?;
    let now = Utc::now();
    let berths: Vec<Berth> = serde_json::from_value(browser.harbour().json("/api/berths").await)?;
    let shown = now + TimeDelta::days(1)..now + TimeDelta::days(11);
    let (mut rest, mut numbers) = (Vec::new(), 0..);
    for (_, request) in ships::bookings(&berths, now) {
        // A few come later, as news.
        let is_shown = shown.contains(&request.arrives);
        if is_shown && numbers.next().is_some_and(|number| number % 9 == 4) {
            rest.push(request);
        } else {
            browser.harbour().book(&request).await;
        }
    }
    assert!(!rest.is_empty());
    browser.show().await?;
    browser.see("[data-berth='12'] .stay").await?;
    for request in &rest {
        browser.harbour().book(request).await;
        browser.see(&format!("[data-berth='{}'] .stay.is-new", request.berth)).await?;
    }
    let count = rest.len();
    browser.until(&format!("document.querySelectorAll('#changes li').length === {count}")).await?;
    // No script, style or picture has failed.
    let log = browser.page.issue_cmd(Log).await?;
    assert_eq!(log, json!([]));
    let picture = browser.page.screenshot().await?;
    assert!(picture.starts_with(b"\x89PNG"));
    if let Some(path) = std::env::var_os("HARBOUR_PICTURE") {
        tokio::fs::write(path, picture).await?;
    }
    browser.end().await
}

/// Asks the driver for the messages of the browser's console.
#[derive(Debug)]
struct Log;

impl WebDriverCompatibleCommand for Log {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> std::result::Result<Url, ParseError> {
        base.join(&format!("session/{}/se/log", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (reqwest::Method, Option<String>) {
        (reqwest::Method::POST, Some(json!({ "type": "browser" }).to_string()))
    }
}
