//! Many connections at once.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::kit::process::Program;
use crate::kit::reader::Reader;
use crate::kit::{Place, request, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_readers_and_two_hundred_clients() {
    let place = Place::new().await;
    let program = Program::start(&place, &[]).await;
    let client = &program.client;
    let mut readers = JoinSet::new();
    for _ in 0..200 {
        let address = client.address.clone();
        readers.spawn(async move { Reader::new(&address).await });
    }
    let readers = readers.join_all().await;
    until("all are there", async || client.metric("harbour_feed_readers").await == 200.0).await;
    let mut clients = JoinSet::new();
    for number in 0..200 {
        let address = client.address.clone();
        clients.spawn(get_and_book(address, number));
    }
    clients.join_all().await;
    let mut ends = JoinSet::new();
    for mut reader in readers {
        ends.spawn(async move {
            while reader.revision < 200 {
                reader.change().await;
            }
            assert_eq!(reader.bookings.len(), 200);
            reader.end().await
        });
    }
    until("the changes are told", async || {
        client.metric("harbour_feed_changes_total").await == 200.0
    })
    .await;
    // A reader that has not read all by now gets the end after it.
    program.signal("TERM").await;
    for (code, _) in ends.join_all().await {
        assert_eq!(code, 1001);
    }
    assert_eq!(program.ended().await, Some(0));
}

/// One connection with three requests in one piece.
async fn get_and_book(address: String, number: i64) {
    let body = serde_json::to_string(&request(1 + (number % 10) as i32, number)).unwrap();
    let requests = format!(
        "GET /api/berths HTTP/1.1\r\nhost: harbour\r\n\r\n\
         POST /api/bookings HTTP/1.1\r\nhost: harbour\r\nidempotency-key: many-{number}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}\
         GET /api/bookings HTTP/1.1\r\nhost: harbour\r\nconnection: close\r\n\r\n",
        body.len(),
    );
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(requests.as_bytes()).await.unwrap();
    let mut answers = String::new();
    stream.read_to_string(&mut answers).await.unwrap();
    let statuses: Vec<&str> = answers.split("HTTP/1.1 ").skip(1).map(|rest| &rest[..3]).collect();
    assert_eq!(statuses, ["200", "201", "200"], "{answers}");
    // The connection sees its own booking.
    let arrives =
        format!("\"arrives\":\"{}\"", crate::kit::day(number).format("%Y-%m-%dT%H:%M:%SZ"));
    assert!(answers.rsplit("\r\n\r\n").next().unwrap().contains(&arrives));
}
