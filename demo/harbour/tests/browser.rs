//! The page in a browser: headless Chromium, driven by WebDriver. It needs the programs `chromium`
//! and `chromedriver`; where they are not, `cargo test -- --skip page_` leaves these tests out.

#[path = "../examples/load/ships.rs"]
mod ships;

use std::env;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use fantoccini::key::Key;
use fantoccini::{Client, ClientBuilder, Locator};
use harbour::Result;
use harbour::config::Config;
use harbour::domain::{Booking, BookingRequest};
use harbour::server::Server;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::{Mutex, MutexGuard};

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(60);

/// One browser at a time is enough for a machine.
static TURN: Mutex<()> = Mutex::const_new(());

/// A harbour with a database of its own, and a browser that shows its page.
struct Place {
    server: Option<Server>,
    config: Config,
    others: reqwest::Client,
    page: Client,
    driver: Child,
    database: String,
    _turn: MutexGuard<'static, ()>,
}

impl Place {
    async fn new(name: &str) -> Result<Self> {
        let turn = TURN.lock().await;
        let (url, database) = database(name).await?;
        let mut config = Config::new(url, variable("REDIS_URL")?);
        let server = Server::start(config.clone()).await?;
        // It comes back where it was.
        config.http = server.http.to_string();
        let (driver, page) = browser().await?;
        // The client takes a provider, though there is no TLS here. A second one is refused.
        _ = rustls::crypto::ring::default_provider().install_default();
        let others = reqwest::Client::builder().no_proxy().build()?;
        let server = Some(server);
        let place = Self { server, config, others, page, driver, database, _turn: turn };
        Ok(place)
    }

    /// Shows the page, and waits until it is live.
    async fn show(&self) -> Result<()> {
        self.page.goto(&self.url("/")).await?;
        self.see("body[data-feed=live]").await?;
        // It is gone when the page is loaded again.
        self.page.execute("window.isTheSamePage = true", Vec::new()).await?;
        Ok(())
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.config.http)
    }

    /// Waits for an element.
    async fn see(&self, css: &str) -> Result<fantoccini::elements::Element> {
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
            Ok::<_, fantoccini::error::CmdError>(())
        };
        match tokio::time::timeout(LONG, wait).await {
            Ok(done) => Ok(done?),
            Err(_) => Err(format!("it never came true that {script}").into()),
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

    /// Books by HTTP, as another client.
    async fn book(&self, key: &str, request: &BookingRequest) -> Result<Booking> {
        let post = self.others.post(self.url("/api/bookings")).header("idempotency-key", key);
        let answer = post.json(request).send().await?;
        match answer.status().as_u16() {
            201 => Ok(answer.json().await?),
            status => Err(format!("{status}: {}", answer.text().await?).into()),
        }
    }

    async fn fill(&self) -> Result<()> {
        let berths = self.others.get(self.url("/api/berths")).send().await?;
        for (key, request) in ships::bookings(&berths.json::<Vec<_>>().await?, Utc::now()) {
            self.book(&key, &request).await?;
        }
        Ok(())
    }

    /// Checks that the page is the one that was shown first, and ends everything.
    async fn end(mut self) -> Result<()> {
        let same = self.page.execute("return window.isTheSamePage === true", Vec::new()).await?;
        assert_eq!(same, Value::Bool(true), "the page was loaded again");
        self.page.clone().close().await?;
        self.driver.kill().await?;
        if let Some(server) = self.server.take() {
            assert!(server.close().await, "the browser held the server up");
        }
        let mut connection = PgConnection::connect(&variable("DATABASE_URL")?).await?;
        let drop = format!("drop database {} with (force)", self.database);
        sqlx::query(sqlx::AssertSqlSafe(drop)).execute(&mut connection).await?;
        Ok(())
    }
}

fn variable(name: &str) -> Result<String> {
    env::var(name).map_err(|error| format!("{name}: {error}; `demo/run test` sets it").into())
}

/// A new database: its URL and its name.
async fn database(name: &str) -> Result<(String, String)> {
    let server = variable("DATABASE_URL")?;
    let mut connection = PgConnection::connect(&server).await?;
    let name = format!("browser_{name}_{}", std::process::id());
    let create = format!("create database {name}");
    sqlx::query(sqlx::AssertSqlSafe(create)).execute(&mut connection).await?;
    let (before, _) = server.rsplit_once('/').ok_or("DATABASE_URL names no database")?;
    Ok((format!("{before}/{name}"), name))
}

/// Starts a driver, and by it a browser.
async fn browser() -> Result<(Child, Client)> {
    let mut command = Command::new("chromedriver");
    command.arg("--port=0").stdout(Stdio::piped()).kill_on_drop(true);
    let mut driver = command.spawn().map_err(|error| format!("chromedriver: {error}"))?;
    let output = driver.stdout.take().ok_or("the driver has an output")?;
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
        "--window-size=1440,1080",
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
    let place = Place::new("live").await?;
    place.show().await?;
    assert_eq!(place.text("#feed-text").await?, "Live");
    let booking = place.book("another", &stay("Another", 2, 1)).await?;
    place.see("[data-berth='2'] [data-ship=Another]").await?;
    place.see("#changes .is-booked").await?;
    let label = place.see("[data-ship=Another]").await?.attr("aria-label").await?;
    assert!(label.is_some_and(|label| label.starts_with("Another, from ")));
    let cancelled = place.others.delete(place.url(&format!("/api/bookings/{}", booking.id)));
    assert_eq!(cancelled.send().await?.status(), 204);
    place.until("document.querySelector('[data-ship=Another]') === null").await?;
    place.see("#changes .is-cancelled").await?;
    place.end().await
}

#[tokio::test]
async fn page_books_by_its_form_and_names_what_the_harbour_refuses() -> Result<()> {
    let place = Place::new("form").await?;
    place.show().await?;
    place.enter("berth", "5").await?;
    place.enter("length", "100").await?;
    place.enter("draught", "6.5").await?;
    let ship = place.see("input[name=ship]").await?;
    ship.send_keys("By Form").await?;
    ship.send_keys(&Key::Enter).await?;
    place.see("[data-berth='5'] [data-ship='By Form']").await?;
    place.until("document.querySelector('#answer b')?.textContent === 'Booked'").await?;
    let bookings = place.others.get(place.url("/api/bookings")).send().await?;
    let bookings: Vec<Booking> = bookings.json().await?;
    assert_eq!(bookings.len(), 1);
    assert_eq!((bookings[0].length, bookings[0].draught), (100.0, 6.5));

    // Another ship at the same time: the page says so before, and the harbour by name.
    assert_eq!(place.text("#fit").await?, "Taken for a part of that time.");
    ship.send_keys("Too Late").await?;
    ship.send_keys(&Key::Enter).await?;
    place.until("document.querySelector('#answer b')?.textContent === 'Berth taken'").await?;
    assert!(place.text("#answer").await?.contains("By Form has the berth"));

    // What makes no sense is not asked for.
    ship.clear().await?;
    ship.send_keys(&Key::Enter).await?;
    place.see("input[name=ship][aria-invalid=true]").await?;
    // What only the harbour knows comes back with its field.
    place.enter("draught", "31").await?;
    ship.send_keys("Too Deep").await?;
    ship.send_keys(&Key::Enter).await?;
    place.see("input[name=draught][aria-invalid=true]").await?;
    assert!(place.text("#answer").await?.starts_with("Invalid"));
    place.end().await
}

#[tokio::test]
async fn page_is_used_by_keyboard() -> Result<()> {
    let place = Place::new("keys").await?;
    place.book("second", &stay("Second", 1, 4)).await?;
    place.book("first", &stay("First", 1, 1)).await?;
    place.show().await?;
    place.see("[data-ship=Second]").await?;
    // Ships follow each other in time, whoever was booked first.
    let press = async |key: Key| {
        let element = place.page.active_element().await?;
        element.send_keys(&String::from(char::from(key))).await?;
        place.page.active_element().await?.attr("data-ship").await
    };
    place.page.execute("document.getElementById('later').focus()", Vec::new()).await?;
    let mut seen = Vec::new();
    while seen.last().map(String::as_str) != Some("Second") {
        seen.extend(press(Key::Tab).await?);
        assert!(seen.len() < 3, "{seen:?}");
    }
    assert_eq!(seen, ["First", "Second"]);
    press(Key::Enter).await?;
    place.see("dialog[open]").await?;
    assert_eq!(place.text("#ship-name").await?, "Second");
    press(Key::Escape).await?;
    place.until("!document.querySelector('dialog').open").await?;
    assert_eq!(press(Key::Shift).await?.as_deref(), Some("Second"));
    press(Key::Enter).await?;
    place.page.execute("document.getElementById('cancel').focus()", Vec::new()).await?;
    press(Key::Enter).await?;
    place.until("document.querySelector('[data-ship=Second]') === null").await?;
    place.until("!document.querySelector('dialog').open").await?;
    place.end().await
}

#[tokio::test]
async fn page_connects_again_after_a_restart() -> Result<()> {
    let mut place = Place::new("restart").await?;
    place.show().await?;
    place.book("before", &stay("Before", 1, 0)).await?;
    place.see("[data-ship=Before]").await?;
    if let Some(server) = place.server.take() {
        assert!(server.close().await, "the browser held the server up");
    }
    place.see("body[data-feed=stale]").await?;
    assert!(place.text("#feed-text").await?.starts_with("Stale since "));
    place.see("[data-ship=Before]").await?;
    // What happens meanwhile is there when it is back.
    let mut config = place.config.clone();
    config.http = "127.0.0.1:0".into();
    let elsewhere = Server::start(config).await?;
    let at_once = std::mem::replace(&mut place.config.http, elsewhere.http.to_string());
    place.book("meanwhile", &stay("Meanwhile", 3, 1)).await?;
    elsewhere.close().await;
    place.config.http = at_once;
    place.server = Some(Server::start(place.config.clone()).await?);
    place.see("body[data-feed=live]").await?;
    place.see("[data-berth='3'] [data-ship=Meanwhile]").await?;
    place.book("after", &stay("After", 2, 1)).await?;
    place.see("[data-berth='2'] [data-ship=After]").await?;
    place.end().await
}

/// The variable `HARBOUR_PICTURE` says where to write what the browser shows.
#[tokio::test]
async fn page_shows_a_harbour_with_ships() -> Result<()> {
    let place = Place::new("picture").await?;
    place.fill().await?;
    place.show().await?;
    place.see("[data-berth='12'] .stay").await?;
    place.book("new", &stay("Newcomer", 4, 20)).await?;
    place.see("#changes .is-booked").await?;
    // No script, style or picture has failed.
    let log = place.page.issue_cmd(Log).await?;
    assert_eq!(log, json!([]));
    let picture = place.page.screenshot().await?;
    assert!(picture.starts_with(b"\x89PNG"));
    if let Some(path) = env::var_os("HARBOUR_PICTURE") {
        std::fs::write(Path::new(&path), picture)?;
    }
    place.end().await
}

/// Asks the driver for the messages of the browser's console.
#[derive(Debug)]
struct Log;

impl fantoccini::wd::WebDriverCompatibleCommand for Log {
    fn endpoint(
        &self,
        base: &url::Url,
        session: Option<&str>,
    ) -> std::result::Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/se/log", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &url::Url) -> (reqwest::Method, Option<String>) {
        (reqwest::Method::POST, Some(json!({ "type": "browser" }).to_string()))
    }
}
