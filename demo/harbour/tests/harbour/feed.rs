//! The feed by WebSocket.

use std::time::Duration;

use harbour::config::{Config, Patience};
use harbour::domain::State;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::kit::process::Program;
use crate::kit::reader::{Reader, Told};
use crate::kit::{Instance, Place, request, until};

#[tokio::test]
async fn what_one_instance_books_another_one_shows() {
    let place = Place::new().await;
    let (here, there) = (place.serve().await, Program::start(&place, &[]).await);
    let mut reader = Reader::new(&there.client.address).await;
    assert!(reader.bookings.is_empty());
    let booking = here.client.book(&request(3, 1)).await;
    let change = reader.change().await;
    assert_eq!((change.kind, &change.booking), (State::Booked, &booking));
    there.client.cancel(booking.id).await;
    let change = reader.change().await;
    assert_eq!((change.kind, change.booking.id), (State::Cancelled, booking.id));
    assert_eq!(change.booking.state, State::Cancelled);
    // A change that the service did not make, nor tell of.
    let booking = here.client.book(&request(3, 1)).await;
    assert_eq!(reader.change().await.booking, booking);
    let cancel = "with next as (update harbour set revision = revision + 1 returning revision),
        cancelled as (update bookings set state = 'cancelled' where id = $1 returning id)
        insert into changes (revision, kind, booking)
        select revision, 'cancelled', id from next, cancelled";
    sqlx::query(cancel).bind(booking.id).execute(&mut place.connect().await).await.unwrap();
    assert_eq!(reader.change().await.kind, State::Cancelled);
    // Whoever comes later sees the same.
    assert_eq!(Reader::new(&here.client.address).await.bookings, reader.bookings);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_between_the_snapshot_and_the_changes() {
    let place = Place::new().await;
    let instances = [place.serve().await, place.serve().await];
    let mut tasks = JoinSet::new();
    for number in 0..4 {
        let client = instances[number % 2].client.clone();
        tasks.spawn(async move {
            for day in 0..15 {
                let booking = client.book(&request(1 + number as i32, day)).await;
                if day % 3 == 0 {
                    client.cancel(booking.id).await;
                }
            }
        });
    }
    // 60 bookings and 20 of them cancelled.
    const CHANGES: i64 = 80;
    let mut readers = JoinSet::new();
    for number in 0..24 {
        let address = instances[number % 2].client.address.clone();
        readers.spawn(async move {
            tokio::time::sleep(Duration::from_millis(15 * number as u64)).await;
            let mut reader = Reader::new(&address).await;
            let first = reader.revision;
            while reader.revision < CHANGES {
                reader.change().await;
            }
            (first, reader.bookings)
        });
    }
    tasks.join_all().await;
    let seen = readers.join_all().await;
    let (_, last) = &seen[0];
    assert_eq!(last.len(), 40);
    assert!(seen.iter().all(|(_, bookings)| bookings == last));
    // Else nobody came in the middle, and nothing was tried.
    assert!(seen.iter().any(|(first, _)| (1..CHANGES).contains(first)));
    let shown = instances[1].client.json("/api/bookings").await;
    assert_eq!(shown.as_array().map(Vec::len), Some(40));
}

/// Writes changes to the book, past the service.
async fn changes(place: &Place, count: i64) {
    let changes = "with next as (
            update harbour set revision = revision + $1 returning revision - $1 as before),
        booking as (select min(id) as id from bookings)
        insert into changes (revision, kind, booking)
        select before + number, 'booked', id from next, booking, generate_series(1, $1) number";
    sqlx::query(changes).bind(count).execute(&mut place.connect().await).await.unwrap();
}

#[tokio::test]
async fn a_reader_that_falls_behind_is_told_so() {
    let place = Place::new().await;
    let instance = Instance::start(Config { feed: 16, ..place.config() }).await;
    instance.client.book(&request(1, 0)).await;
    let reader = Reader::new(&instance.client.address).await;
    // They are read from the database at once, which no reader can follow.
    changes(&place, 400).await;
    let (code, reason) = reader.end().await;
    assert_eq!(code, 1008);
    assert!(reason.starts_with("too slow: ") && reason.ends_with("connect again"), "{reason}");
    let mut reader = Reader::new(&instance.client.address).await;
    assert_eq!(reader.revision, 401);
    let booking = instance.client.book(&request(1, 1)).await;
    assert_eq!(reader.change().await.booking, booking);
    let left = "harbour_feed_ends_total{outcome=\"slow\"}";
    assert_eq!(instance.client.metric(left).await, 1.0);
}

#[tokio::test]
async fn a_reader_that_takes_nothing_is_dropped_and_harms_nobody() {
    let place = Place::new().await;
    let config = Config { feed: 60_000, ..place.config() };
    let patience = Patience { reader: Duration::from_secs(5), ..config.patience };
    let instance = Instance::start(Config { patience, ..config }).await;
    let client = &instance.client;
    client.book(&request(1, 0)).await;
    // It asks for the feed and never reads again.
    let mut stuck = TcpStream::connect(&client.address).await.unwrap();
    let head = "GET /feed HTTP/1.1\r\nhost: harbour\r\n\
                connection: upgrade\r\nupgrade: websocket\r\n\
                sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    stuck.write_all(head.as_bytes()).await.unwrap();
    until("the reader is there", async || client.metric("harbour_feed_readers").await == 1.0).await;
    let mut reader = Reader::new(&client.address).await;
    // More than the buffers of a connection hold.
    changes(&place, 50_000).await;
    while reader.revision < 50_001 {
        assert!(matches!(reader.next().await, Told::Change(_)));
    }
    let left = "harbour_feed_ends_total{outcome=\"stuck\"}";
    until("the reader is dropped", async || client.metric(left).await == 1.0).await;
    until("one is left", async || client.metric("harbour_feed_readers").await == 1.0).await;
    // Its connection is closed: what is read is what was sent, and an end.
    let mut rest = vec![0; 1 << 16];
    while matches!(stuck.read(&mut rest).await, Ok(count) if count > 0) {}
}

#[tokio::test]
async fn a_reader_that_goes_away_leaves_nothing_behind() {
    let place = Place::new().await;
    let client = place.serve().await.client;
    let readers = async || client.metric("harbour_feed_readers").await;
    let one = Reader::new(&client.address).await;
    let two = Reader::new(&client.address).await;
    until("both are there", async || readers().await == 2.0).await;
    drop(one);
    until("one is gone", async || readers().await == 1.0).await;
    drop(two);
    until("both are gone", async || readers().await == 0.0).await;
}
