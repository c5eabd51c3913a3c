//! How the program starts, and ends on SIGTERM.

use std::process::{Output, Stdio};
use std::time::Duration;

use harbour::grpc::proto::WatchRequest;
use harbour::grpc::proto::harbour_client::HarbourClient;
use reqwest::StatusCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;
use tonic::Code;

use crate::kit::process::Program;
use crate::kit::reader::Reader;
use crate::kit::{Place, deep, request, until};

/// A tide station that takes connections and says nothing, until it is dropped.
async fn silent_station(place: &Place, more: &[(&str, &str)]) -> (TcpListener, Program) {
    let station = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", station.local_addr().unwrap());
    let ca = std::env::temp_dir().join(format!("harbour-silent-{}.pem", place.database.len()));
    tokio::fs::write(&ca, harbour::station::certify().unwrap().0).await.unwrap();
    let mut environment = vec![("TIDES_URL", &*url), ("TIDES_CA", ca.to_str().unwrap())];
    environment.extend(more);
    (station, Program::start(place, &environment).await)
}

#[tokio::test]
async fn sigterm_lets_requests_end_and_tells_the_readers() {
    let place = Place::new().await;
    let (station, program) = silent_station(&place, &[]).await;
    let client = program.client.clone();
    client.book(&request(1, 0)).await;
    let reader = Reader::new(&client.address).await;
    let machine = HarbourClient::connect(format!("http://{}", program.grpc)).await;
    let mut changes = machine.unwrap().watch(WatchRequest {}).await.unwrap().into_inner();
    changes.message().await.unwrap().expect("the board");
    // A request that is under way for some seconds, and a connection that asks for nothing.
    let under_way = tokio::spawn({
        let client = client.clone();
        async move { client.try_to_book(&deep(0), "k").await }
    });
    let mut idle = TcpStream::connect(&client.address).await.unwrap();
    // It is under way when the station is asked.
    let (_held, _) = station.accept().await.unwrap();
    program.signal("TERM").await;
    assert_eq!(reader.end().await, (1001, "the service ends".into()));
    let status = changes.message().await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::Unavailable, "the service ends"));
    assert_eq!(idle.read(&mut [0; 1]).await.unwrap(), 0);
    // Nobody new is let in, and the old request is still answered.
    until("nobody is let in", async || TcpStream::connect(&client.address).await.is_err()).await;
    assert!(!under_way.is_finished());
    assert_eq!(under_way.await.unwrap().status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(program.ended().await, Some(0));
}

#[tokio::test]
async fn the_deadline_cuts_off_what_does_not_end() {
    let place = Place::new().await;
    let program = Program::start(&place, &[("HARBOUR_DRAIN", "1")]).await;
    // A body that is announced and never comes.
    let mut endless = TcpStream::connect(&program.client.address).await.unwrap();
    let head = "POST /api/bookings HTTP/1.1\r\nhost: harbour\r\nidempotency-key: k\r\n\
                content-type: application/json\r\ncontent-length: 100\r\n\
                expect: 100-continue\r\n\r\n";
    endless.write_all(head.as_bytes()).await.unwrap();
    // The service reads the body now.
    let mut answer = [0; 12];
    endless.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 100");
    program.signal("TERM").await;
    assert_eq!(program.ended().await, Some(0));
}

#[tokio::test]
async fn bookings_that_are_under_way_at_the_end_are_answered_or_not_made() {
    let place = Place::new().await;
    let program = Program::start(&place, &[("HARBOUR_WORKERS", "1")]).await;
    let other = place.serve().await.client;
    let mut clients = tokio::task::JoinSet::new();
    for number in 0..40 {
        let client = program.client.clone();
        clients.spawn(async move {
            let post = client.post("/api/bookings").header("idempotency-key", format!("{number}"));
            let answer = post.json(&request(1 + number % 12, i64::from(number))).send().await;
            answer.ok().map(|answer| answer.status())
        });
    }
    let booked = async || other.metric("harbour_feed_changes_total").await;
    until("some are booked", async || booked().await >= 5.0).await;
    program.signal("TERM").await;
    let answers = clients.join_all().await;
    assert_eq!(program.ended().await, Some(0));
    let made = answers.iter().filter(|answer| **answer == Some(StatusCode::CREATED)).count();
    let others = answers.iter().flatten().filter(|answer| **answer != StatusCode::CREATED);
    assert_eq!(others.count(), 0);
    // Whoever got no answer has no booking, and nobody has one without an answer.
    let count = async || other.json("/api/bookings").await.as_array().unwrap().len();
    until("the last one is seen", async || count().await >= made).await;
    assert_eq!(count().await, made);
}

async fn start_with(environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_harbour"));
    command.envs(environment.iter().copied()).stdin(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(Duration::from_secs(60), command.output()).await;
    output.expect("it ends").expect("it starts")
}

#[tokio::test]
async fn a_program_that_cannot_start_says_why() {
    let place = Place::new().await;
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let nobody = "postgres://nobody@127.0.0.1:1/nothing";
    let database = &*place.database;
    let cases = [
        (vec![("DATABASE_URL", "")], "DATABASE_URL is not set"),
        (vec![("DATABASE_URL", nobody)], "the database: "),
        (vec![("DATABASE_URL", "mysql://x")], "the database: "),
        (vec![("DATABASE_URL", database), ("REDIS_URL", "x")], "REDIS_URL: "),
        (vec![("DATABASE_URL", database), ("HARBOUR_WORKERS", "0")], "HARBOUR_WORKERS is 0"),
        (
            vec![("DATABASE_URL", database), ("HARBOUR_WORKERS", "two")],
            "HARBOUR_WORKERS is \"two\"",
        ),
        (vec![("DATABASE_URL", database), ("HARBOUR_HTTP", &*taken)], "cannot listen at"),
        (vec![("DATABASE_URL", database), ("HARBOUR_GRPC", "x")], "cannot listen at x"),
        (
            vec![("DATABASE_URL", database), ("TIDES_URL", "https://x"), ("TIDES_CA", "")],
            "TIDES_URL is set",
        ),
    ];
    for (environment, says) in cases {
        let output = start_with(&environment).await;
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{environment:?}: {text}");
        assert!(text.contains(&format!("harbour: {says}")), "{environment:?}: {text}");
        assert!(output.stdout.is_empty());
    }
}
