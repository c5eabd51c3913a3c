//! SQLite by sqlx, alone and behind the routes.

use std::path::PathBuf;

use services::book::{Book, Booking};
use services::{Result, tls, web};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

fn file(name: &str) -> PathBuf {
    let file = std::env::temp_dir().join(format!("berths-{}-{name}.sqlite", std::process::id()));
    _ = std::fs::remove_file(&file);
    file
}

fn booking(berth: i64, ship: &str) -> Booking {
    Booking { berth, ship: ship.into() }
}

#[tokio::test]
async fn a_berth_is_booked_once() -> Result<()> {
    let file = file("once");
    let book = Book::open(&file).await?;
    assert!(book.add(&booking(2, "Kaiwo Maru")).await?);
    assert!(book.add(&booking(1, "Nippon Maru")).await?);
    assert!(!book.add(&booking(2, "Endeavour")).await?);
    assert_eq!(book.all().await?, [booking(1, "Nippon Maru"), booking(2, "Kaiwo Maru")]);
    book.close().await;
    tokio::fs::remove_file(file).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_book_is_kept_by_http() -> Result<()> {
    let file = file("http");
    let book = Book::open(&file).await?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/bookings", listener.local_addr()?);
    let routes = web::routes_with(book.clone());
    let server = tokio::spawn(async move { axum::serve(listener, routes).await });
    tls::choose_provider();
    let client = reqwest::Client::new();
    let mut requests = JoinSet::new();
    for berth in 0..10 {
        let request = client.post(&url).json(&booking(berth, "Golden Hind"));
        requests.spawn(async move { Ok::<_, reqwest::Error>(request.send().await?.status()) });
    }
    while let Some(status) = requests.join_next().await {
        assert_eq!(status??, http::StatusCode::CREATED);
    }
    let second = client.post(&url).json(&booking(3, "Mayflower")).send().await?;
    assert_eq!(second.status(), http::StatusCode::CONFLICT);
    let all: Vec<Booking> = client.get(&url).send().await?.json().await?;
    assert_eq!(all, (0..10).map(|berth| booking(berth, "Golden Hind")).collect::<Vec<_>>());
    server.abort();
    book.close().await;
    tokio::fs::remove_file(file).await?;
    Ok(())
}
