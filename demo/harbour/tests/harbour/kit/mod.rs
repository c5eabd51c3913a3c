//! What the tests share: a database for each, instances of the service, and clients.

pub mod process;
pub mod reader;

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use harbour::config::{Config, Patience};
use harbour::domain::{Booking, BookingRequest};
use harbour::server::Server;
use reqwest::{RequestBuilder, Response, StatusCode};
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

/// Ends what hangs.
pub const LONG: Duration = Duration::from_secs(60);

/// A database that exists as long as this value.
pub struct Place {
    pub database: String,
    pub redis: String,
    name: String,
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("the tests need {name}"))
}

impl Place {
    pub async fn new() -> Self {
        static PLACES: AtomicU32 = AtomicU32::new(0);
        let number = PLACES.fetch_add(1, Ordering::Relaxed);
        let name = format!("harbour_test_{}_{number}", std::process::id());
        let url = variable("DATABASE_URL");
        let mut connection = PgConnection::connect(&url).await.expect("PostgreSQL answers");
        for statement in ["drop database if exists", "create database"] {
            let statement = AssertSqlSafe(format!("{statement} {name}"));
            sqlx::query(statement).execute(&mut connection).await.expect("a database is made");
        }
        let (server, _) = url.rsplit_once('/').expect("the URL names a database");
        Self { database: format!("{server}/{name}"), redis: variable("REDIS_URL"), name }
    }

    pub fn config(&self) -> Config {
        let config = Config::new(self.database.clone(), self.redis.clone());
        // A machine that is busy with other things is no reason to fail.
        let [request, database, redis, tides, reader, drain] = [LONG; 6];
        let patience = Patience { request, database, redis, tides, reader, drain };
        Config { connections: 5, patience, ..config }
    }

    /// An instance of the service in this process.
    pub async fn serve(&self) -> Instance {
        Instance::start(self.config()).await
    }

    /// A connection past the service.
    pub async fn connect(&self) -> PgConnection {
        PgConnection::connect(&self.database).await.expect("the database answers")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let statement =
            AssertSqlSafe(format!("drop database if exists {} with (force)", self.name));
        let url = variable("DATABASE_URL");
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let mut connection = PgConnection::connect(&url).await?;
                sqlx::query(statement).execute(&mut connection).await
            })?;
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
        });
        let dropped = dropped.join().expect("the thread does not panic");
        if let (Err(error), false) = (dropped, std::thread::panicking()) {
            panic!("the database {} stays: {error}", self.name);
        }
    }
}

/// The service, and a client of it.
pub struct Instance {
    pub server: Server,
    pub client: Client,
}

/// A client by HTTP.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    pub address: String,
}

impl Instance {
    pub async fn start(config: Config) -> Self {
        let server = Server::start(config).await.expect("the service starts");
        let client = Client::new(server.http.to_string());
        Self { server, client }
    }
}

impl Client {
    pub fn new(address: String) -> Self {
        _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().tls_certs_only([]).timeout(LONG);
        Self { http: http.build().expect("a client is made"), address }
    }

    pub fn get(&self, path: &str) -> RequestBuilder {
        self.http.get(format!("http://{}{path}", self.address))
    }

    pub fn post(&self, path: &str) -> RequestBuilder {
        self.http.post(format!("http://{}{path}", self.address))
    }

    pub async fn json(&self, path: &str) -> Value {
        let response = self.get(path).send().await.expect("an answer");
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        response.json().await.expect("JSON")
    }

    pub async fn try_to_book(&self, request: &BookingRequest, key: &str) -> Response {
        let post = self.post("/api/bookings").header("idempotency-key", key).json(request);
        post.send().await.expect("an answer")
    }

    pub async fn book(&self, request: &BookingRequest) -> Booking {
        let response = self.try_to_book(request, &unique_key()).await;
        let status = response.status();
        let text = response.text().await.expect("a text");
        assert_eq!(status, StatusCode::CREATED, "{text}");
        serde_json::from_str(&text).expect("a booking")
    }

    pub async fn cancel(&self, id: i64) -> StatusCode {
        let url = format!("http://{}/api/bookings/{id}", self.address);
        self.http.delete(url).send().await.expect("an answer").status()
    }

    /// A number of the metrics.
    pub async fn metric(&self, name: &str) -> f64 {
        let text = self.get("/metrics").send().await.expect("an answer").text().await;
        let text = text.expect("a text");
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.map_or(0.0, |number| number.parse().expect("a number"))
    }
}

/// The problem that an answer tells.
pub async fn problem(response: Response) -> Value {
    let kind = response.headers().get("content-type").cloned().expect("a type");
    let status = response.status();
    let text = response.text().await.expect("a text");
    assert_eq!(kind, "application/problem+json", "{status}: {text}");
    let problem: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(problem["status"], status.as_u16(), "{text}");
    assert!(problem["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{text}");
    problem
}

/// The name of the problem that an answer tells, with its status.
pub async fn problem_name(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    let kind = problem(response).await["type"].as_str().expect("a type").to_string();
    (status, kind.rsplit(':').next().unwrap_or_default().to_string())
}

pub fn unique_key() -> String {
    static KEYS: AtomicU32 = AtomicU32::new(0);
    format!("key-{}", KEYS.fetch_add(1, Ordering::Relaxed))
}

pub fn day(number: i64) -> DateTime<Utc> {
    let start: DateTime<Utc> = "2100-01-01T00:00:00Z".parse().expect("a time");
    start + TimeDelta::days(number)
}

/// A ship that fits everywhere for one day.
pub fn request(berth: i32, number: i64) -> BookingRequest {
    let (arrives, departs) = (day(number), day(number + 1));
    BookingRequest {
        berth,
        ship: "Dar Młodzieży".into(),
        length: 20.0,
        draught: 2.5,
        arrives,
        departs,
    }
}

/// A ship that comes in with the tide only.
pub fn deep(number: i64) -> BookingRequest {
    let ship = "Ever Deep".to_string();
    // One decimetre of tide, which there always is.
    BookingRequest { berth: 12, ship, length: 390.0, draught: 9.6, ..request(12, number) }
}

/// Waits for what comes by itself.
pub async fn until<F: Future<Output = bool>>(what: &str, mut is_so: impl FnMut() -> F) {
    let wait = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(LONG, wait).await.unwrap_or_else(|_| panic!("waited in vain: {what}"));
}
