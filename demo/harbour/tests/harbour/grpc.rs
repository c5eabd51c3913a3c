//! The harbour for machines.

use harbour::domain::State;
use harbour::grpc::proto::change::What;
use harbour::grpc::proto::harbour_client::HarbourClient;
use harbour::grpc::proto::{self, BookRequest, CancelRequest, ListRequest, WatchRequest};
use prost_types::Timestamp;
use tokio::task::JoinSet;
use tonic::transport::Channel;
use tonic::{Code, Status, Streaming};

use crate::kit::reader::Reader;
use crate::kit::{Place, day, request};

async fn connect(address: impl ToString) -> HarbourClient<Channel> {
    let address = format!("http://{}", address.to_string());
    HarbourClient::connect(address).await.expect("a connection")
}

fn timestamp(number: i64) -> Option<Timestamp> {
    Some(Timestamp { seconds: day(number).timestamp(), nanos: 0 })
}

fn book(berth: i32, number: i64, key: &str) -> BookRequest {
    let (arrives, departs) = (timestamp(number), timestamp(number + 1));
    let (key, ship) = (key.into(), "Machine".into());
    BookRequest { key, berth, ship, length: 20.0, draught: 2.5, arrives, departs }
}

fn name(status: &Status) -> (Code, &str) {
    let name = status.metadata().get("problem").map(|name| name.to_str().unwrap());
    (status.code(), name.unwrap_or_default())
}

async fn next(changes: &mut Streaming<proto::Change>) -> (i64, What) {
    let change = changes.message().await.expect("no error").expect("no end");
    (change.revision, change.what.expect("something"))
}

#[tokio::test]
async fn machines_and_people_see_the_same() {
    let place = Place::new().await;
    let instance = place.serve().await;
    let mut machine = connect(instance.server.grpc).await;
    let by_person = instance.client.book(&request(1, 0)).await;
    let mut changes = machine.watch(WatchRequest {}).await.unwrap().into_inner();
    let (1, What::Board(board)) = next(&mut changes).await else { panic!("the board is first") };
    assert_eq!((board.berths.len(), board.bookings.len()), (12, 1));
    assert_eq!(board.bookings[0], by_person.clone().into());
    let mut reader = Reader::new(&instance.client.address).await;
    let booked = machine.book(book(2, 0, "k")).await.unwrap().into_inner();
    assert_eq!(machine.book(book(2, 0, "k")).await.unwrap().into_inner(), booked);
    assert_eq!(next(&mut changes).await, (2, What::Booked(booked.clone())));
    let change = reader.change().await;
    assert_eq!((change.kind, change.booking.id), (State::Booked, booked.id));
    let list = machine.list(ListRequest::default()).await.unwrap().into_inner();
    assert_eq!(list.bookings, [by_person.clone().into(), booked.clone()]);
    machine.cancel(CancelRequest { id: by_person.id }).await.unwrap();
    let (3, What::Cancelled(cancelled)) = next(&mut changes).await else { panic!("cancelled") };
    assert_eq!((cancelled.id, cancelled.state()), (by_person.id, proto::State::Cancelled));
    assert_eq!(reader.change().await.booking.id, by_person.id);
    let list = machine.list(ListRequest { from: timestamp(0), to: timestamp(5) }).await.unwrap();
    assert_eq!(list.into_inner().bookings, [booked]);
    let none = machine.list(ListRequest { from: timestamp(1), to: None }).await.unwrap();
    assert!(none.into_inner().bookings.is_empty());
}

#[tokio::test]
async fn a_refusal_has_a_code_and_a_name() {
    let place = Place::new().await;
    let instance = place.serve().await;
    let mut machine = connect(instance.server.grpc).await;
    machine.book(book(1, 0, "k")).await.unwrap();
    let good = book(1, 5, "l");
    let mut bad_time = good.clone();
    bad_time.arrives = Some(Timestamp { seconds: i64::MAX, nanos: -1 });
    let cases = [
        (book(1, 0, "other"), Code::AlreadyExists, "berth-taken"),
        (book(2, 0, "k"), Code::InvalidArgument, "key-reused"),
        (book(1, 5, ""), Code::InvalidArgument, "unreadable"),
        (book(99, 0, "l"), Code::NotFound, "no-such-berth"),
        (BookRequest { length: 41.0, ..good.clone() }, Code::FailedPrecondition, "does-not-fit"),
        (BookRequest { length: 10.0, ..good.clone() }, Code::FailedPrecondition, "ship-differs"),
        (BookRequest { draught: f64::NAN, ..good.clone() }, Code::InvalidArgument, "invalid"),
        (BookRequest { departs: None, ..good.clone() }, Code::InvalidArgument, ""),
        (bad_time, Code::InvalidArgument, ""),
        (BookRequest { berth: 12, draught: 11.0, ..good }, Code::Unavailable, "tides-unknown"),
    ];
    for (request, code, expected) in cases {
        let status = machine.book(request.clone()).await.expect_err("a refusal");
        assert_eq!(name(&status), (code, expected), "{request:?}: {status}");
        assert!(!status.message().is_empty());
    }
    let status = machine.cancel(CancelRequest { id: 77 }).await.expect_err("a refusal");
    assert_eq!(name(&status), (Code::NotFound, "no-such-booking"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_connection_carries_many_calls_at_once() {
    let place = Place::new().await;
    let instance = place.serve().await;
    let machine = connect(instance.server.grpc).await;
    let mut changes = machine.clone().watch(WatchRequest {}).await.unwrap().into_inner();
    next(&mut changes).await;
    let mut calls = JoinSet::new();
    for number in 0..100 {
        let mut machine = machine.clone();
        calls.spawn(async move {
            let request = book(1 + number % 10, i64::from(number / 20), &format!("{number}"));
            machine.book(request).await.map(drop).map_err(|status| status.code())
        });
    }
    let results: Vec<_> = calls.join_all().await;
    // Two for each day of each berth.
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 50);
    assert_eq!(results.iter().filter(|result| **result == Err(Code::AlreadyExists)).count(), 50);
    for revision in 1..=50 {
        let (number, What::Booked(_)) = next(&mut changes).await else { panic!("a booking") };
        assert_eq!(number, revision);
    }
}
