//! Deep ships, and a tide station that is well, slow, ill, or not there.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use chrono::{DateTime, TimeDelta, Utc};
use harbour::config::{Config, Patience};
use harbour::domain::BookingRequest;
use harbour::station::{self, TlsListener};
use harbour::tides::{Station, Tide};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::kit::{Instance, Place, day, deep, problem, problem_name, request};

/// A folder for the certificate.
fn folder() -> std::path::PathBuf {
    static FOLDERS: AtomicUsize = AtomicUsize::new(0);
    let number = FOLDERS.fetch_add(1, Ordering::Relaxed);
    let folder = std::env::temp_dir().join(format!("harbour-{}-{number}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// A station with these routes at this address, whose certificate is written.
async fn begin(address: &str, station: &mut Station, routes: Router) -> JoinHandle<()> {
    let listener = TcpListener::bind(address).await.unwrap();
    station.url = format!("https://{}", listener.local_addr().unwrap());
    let (pem, config) = station::certify().unwrap();
    tokio::fs::write(&station.ca, pem).await.unwrap();
    let listener = TlsListener::new(listener, config).unwrap();
    tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() })
}

/// A service with a station of these routes.
async fn serve(place: &Place, routes: Router) -> Instance {
    let mut station = Station { url: String::new(), ca: folder().join("ca.pem") };
    begin("127.0.0.1:0", &mut station, routes).await;
    with(place, station).await
}

async fn with(place: &Place, station: Station) -> Instance {
    Instance::start(Config { tides: Some(station), ..place.config() }).await
}

async fn high() -> Json<Tide> {
    Json(Tide { height: 3.0, next: None })
}

#[tokio::test]
async fn a_deep_ship_comes_in_with_the_tide() {
    let place = Place::new().await;
    let client = serve(&place, station::routes()).await.client;
    // She needs 3.2 m, which is there for an hour or two.
    let ship = BookingRequest { draught: 12.7, ..deep(0) };
    let low = (0..24).map(|hour| day(0) + TimeDelta::hours(hour));
    let low = low.min_by(|one, two| station::height(*one).total_cmp(&station::height(*two)));
    let at_low = BookingRequest { arrives: low.unwrap(), departs: day(3), ..ship.clone() };
    let response = client.try_to_book(&at_low, "low").await;
    assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let problem = problem(response).await;
    assert_eq!(problem["type"], "urn:harbour:problem:too-shallow");
    assert!(problem["height"].as_f64().unwrap() < 1.5);
    // What the answer proposes is good.
    let next: DateTime<Utc> = serde_json::from_value(problem["next"].clone()).unwrap();
    assert!(next > at_low.arrives);
    client.book(&BookingRequest { arrives: next, departs: day(3), ..ship }).await;
    // No tide is that high.
    let monster = BookingRequest { draught: 16.0, arrives: day(9), departs: day(10), ..deep(9) };
    let answer = problem_name(client.try_to_book(&monster, "monster").await).await;
    assert_eq!(answer, (422, "too-shallow".into()));
}

#[tokio::test]
async fn a_station_that_fails_twice_is_asked_a_third_time() {
    let place = Place::new().await;
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let ill = async move || match count.fetch_add(1, Ordering::Relaxed) {
        0 | 1 => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        _ => high().await.into_response(),
    };
    let client = serve(&place, Router::new().route("/tides", get(ill))).await.client;
    client.book(&deep(0)).await;
    assert_eq!(asked.load(Ordering::Relaxed), 3);
    // The same again is known, and nobody is asked.
    let ask = async |key| client.try_to_book(&deep(5), key).await.status();
    assert_eq!((ask("k").await, ask("k").await), (StatusCode::CREATED, StatusCode::CREATED));
    assert_eq!(asked.load(Ordering::Relaxed), 4);
}

#[tokio::test]
async fn a_station_that_says_nonsense_is_no_station() {
    let place = Place::new().await;
    let routes = Router::new().route("/tides", get(async || "high, I think"));
    let client = serve(&place, routes).await.client;
    let answer = problem_name(client.try_to_book(&deep(0), "k").await).await;
    assert_eq!(answer, (503, "tides-unknown".into()));
    // A client's error is not asked again.
    let routes = Router::new().route("/tides", get(async || StatusCode::GONE));
    let client = serve(&place, routes).await.client;
    let problem = problem(client.try_to_book(&deep(0), "k").await).await;
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("410 Gone (asked 1 times)"), "{detail}");
}

#[tokio::test]
async fn a_station_that_is_slow_is_given_up_and_other_ships_come_in() {
    let place = Place::new().await;
    let slow = async || {
        tokio::time::sleep(Duration::from_secs(600)).await;
        high().await
    };
    let mut station = Station { url: String::new(), ca: folder().join("ca.pem") };
    begin("127.0.0.1:0", &mut station, Router::new().route("/tides", get(slow))).await;
    let config = Config { tides: Some(station), ..place.config() };
    let patience = Patience { tides: Patience::default().tides, ..config.patience };
    let client = Instance::start(Config { patience, ..config }).await.client;
    let deep = tokio::spawn({
        let client = client.clone();
        async move { client.try_to_book(&deep(0), "k").await }
    });
    // Whoever needs no tide does not wait for it.
    client.book(&request(1, 0)).await;
    assert!(!deep.is_finished());
    let response = deep.await.unwrap();
    assert_eq!(response.headers()["retry-after"], "1");
    let problem = problem(response).await;
    assert_eq!(problem["type"], "urn:harbour:problem:tides-unknown");
    assert!(problem["detail"].as_str().unwrap().contains("asked 3 times"), "{problem}");
    assert_eq!(client.metric("harbour_tide_requests_total{outcome=\"retried\"}").await, 2.0);
}

#[tokio::test]
async fn a_station_that_is_absent_keeps_deep_ships_out_until_it_comes() {
    let place = Place::new().await;
    let mut station = Station { url: String::new(), ca: folder().join("ca.pem") };
    // First without a certificate, then with one and nobody who listens.
    let address = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap().to_string()
    };
    station.url = format!("https://{address}");
    let client = with(&place, station.clone()).await.client;
    let unknown = async |why: &str| {
        let problem = problem(client.try_to_book(&deep(0), "k").await).await;
        assert_eq!(problem["type"], "urn:harbour:problem:tides-unknown");
        assert!(problem["detail"].as_str().unwrap().contains(why), "{problem}");
    };
    unknown("ca.pem: No such file").await;
    tokio::fs::write(&station.ca, "no certificate").await.unwrap();
    unknown("ca.pem: holds no certificate").await;
    tokio::fs::write(&station.ca, station::certify().unwrap().0).await.unwrap();
    unknown("refused").await;
    client.book(&request(1, 0)).await;
    // It comes with a certificate of its own, which is read again.
    begin(&address, &mut station, Router::new().route("/tides", get(high))).await;
    client.book(&deep(0)).await;
}

#[tokio::test]
async fn a_station_whose_authority_is_another_is_not_believed() {
    let place = Place::new().await;
    let mut station = Station { url: String::new(), ca: folder().join("ca.pem") };
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let routes = Router::new().route(
        "/tides",
        get(async move || {
            count.fetch_add(1, Ordering::Relaxed);
            high().await
        }),
    );
    begin("127.0.0.1:0", &mut station, routes).await;
    tokio::fs::write(&station.ca, station::certify().unwrap().0).await.unwrap();
    let client = with(&place, station).await.client;
    let problem = problem(client.try_to_book(&deep(0), "k").await).await;
    assert!(problem["detail"].as_str().unwrap().contains("certificate"), "{problem}");
    assert_eq!(asked.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn without_a_station_only_deep_ships_are_kept_out() {
    let place = Place::new().await;
    let client = place.serve().await.client;
    client.book(&BookingRequest { draught: 9.5, ..deep(0) }).await;
    let answer = problem_name(client.try_to_book(&deep(1), "k").await).await;
    assert_eq!(answer, (503, "tides-unknown".into()));
}
