//! Who gets a berth.

use std::collections::BTreeSet;

use chrono::{TimeDelta, Utc};
use harbour::domain::{Booking, BookingRequest};
use reqwest::StatusCode;
use tokio::task::JoinSet;

use crate::kit::reader::Reader;
use crate::kit::{Place, day, problem, problem_name, request, unique_key};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_32_who_want_the_same_time_gets_it() {
    let place = Place::new().await;
    let instances = [place.serve().await, place.serve().await];
    let mut clients = JoinSet::new();
    for number in 0..32 {
        let client = instances[number % 2].client.clone();
        clients.spawn(async move {
            let arrives = day(3) + TimeDelta::minutes(number as i64);
            let ship = format!("Racer {number}");
            let request = BookingRequest { ship, arrives, ..request(4, 3) };
            client.try_to_book(&request, &unique_key()).await
        });
    }
    let (mut winners, mut refused): (Vec<Booking>, Vec<Booking>) = Default::default();
    while let Some(response) = clients.join_next().await {
        let response = response.unwrap();
        match response.status() {
            StatusCode::CREATED => winners.push(response.json().await.unwrap()),
            StatusCode::CONFLICT => {
                let in_the_way = problem(response).await["booking"].clone();
                refused.push(serde_json::from_value(in_the_way).unwrap());
            }
            other => panic!("{other}"),
        }
    }
    let [winner] = &winners[..] else { panic!("{} won", winners.len()) };
    assert_eq!(refused.len(), 31);
    assert!(refused.iter().all(|in_the_way| in_the_way == winner));
    for instance in &instances {
        let shown = instance.client.json("/api/bookings").await;
        assert_eq!(shown, serde_json::json!([winner]));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ships_of_one_name_may_race_for_many_berths() {
    let place = Place::new().await;
    let instance = place.serve().await;
    let mut clients = JoinSet::new();
    for number in 0..48 {
        let client = instance.client.clone();
        clients.spawn(async move {
            client.book(&request(1 + number % 12, (number / 12).into())).await.id
        });
    }
    let ids: BTreeSet<i64> = clients.join_all().await.into_iter().collect();
    assert_eq!(ids.len(), 48);
}

#[tokio::test]
async fn a_ship_leaves_when_the_next_one_comes() {
    let place = Place::new().await;
    let client = place.serve().await.client;
    for number in [2, 4, 3] {
        client.book(&request(1, number)).await;
    }
    let overlapping = BookingRequest { arrives: day(1), departs: day(9), ..request(1, 1) };
    let problem = problem(client.try_to_book(&overlapping, "a").await).await;
    // The first one in the way.
    assert_eq!(problem["booking"]["arrives"], "2100-01-03T00:00:00Z");
    client.book(&request(2, 2)).await;
}

#[tokio::test]
async fn the_database_itself_lets_no_two_lie_at_one_berth() {
    let place = Place::new().await;
    let client = place.serve().await.client;
    client.book(&request(1, 1)).await;
    let insert = "insert into bookings (key, berth, ship, draught, arrives, departs)
                  select $1, berth, ship, draught, arrives + $2, departs from bookings limit 1";
    let mut connection = place.connect().await;
    let inserted = sqlx::query(insert).bind("past the service").bind(TimeDelta::hours(1));
    let error = inserted.execute(&mut connection).await.unwrap_err();
    assert_eq!(
        error.as_database_error().and_then(|error| error.constraint()),
        Some("one_ship_a_berth")
    );
}

#[tokio::test]
async fn the_same_request_with_the_same_key_is_one_booking() {
    let place = Place::new().await;
    let client = place.serve().await.client;
    let first: Booking = client.try_to_book(&request(5, 1), "k").await.json().await.unwrap();
    let again = client.try_to_book(&request(5, 1), "k").await;
    assert_eq!(again.status(), StatusCode::CREATED);
    assert_eq!(again.headers()["location"], format!("/api/bookings/{}", first.id));
    assert_eq!(again.json::<Booking>().await.unwrap(), first);
    for other in [request(5, 2), request(6, 1), BookingRequest { draught: 2.0, ..request(5, 1) }] {
        let name = problem_name(client.try_to_book(&other, "k").await).await;
        assert_eq!(name, (422, "key-reused".into()));
    }
    assert_eq!(client.metric("harbour_bookings_total{outcome=\"found\"}").await, 1.0);
    // A refusal is not kept: what was taken may be free later.
    assert_eq!(client.try_to_book(&request(5, 1), "l").await.status(), StatusCode::CONFLICT);
    assert_eq!(client.cancel(first.id).await, StatusCode::NO_CONTENT);
    assert_eq!(client.try_to_book(&request(5, 1), "l").await.status(), StatusCode::CREATED);
    // The first key still means the booking that it made.
    let first_now: Booking = client.try_to_book(&request(5, 1), "k").await.json().await.unwrap();
    assert_eq!(first_now.id, first.id);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_request_sent_32_times_at_once_is_one_booking() {
    let place = Place::new().await;
    let instances = [place.serve().await, place.serve().await];
    let mut clients = JoinSet::new();
    for number in 0..32 {
        let client = instances[number % 2].client.clone();
        clients.spawn(async move {
            let response = client.try_to_book(&request(5, 1), "the-key").await;
            assert_eq!(response.status(), StatusCode::CREATED);
            response.json::<Booking>().await.unwrap().id
        });
    }
    let ids: BTreeSet<i64> = clients.join_all().await.into_iter().collect();
    assert_eq!(ids.len(), 1);
    let shown = instances[0].client.json("/api/bookings").await;
    assert_eq!(shown.as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn what_is_cancelled_is_free_and_can_be_seen() {
    let place = Place::new().await;
    let client = place.serve().await.client;
    let booking = client.book(&request(2, 1)).await;
    for _ in 0..2 {
        assert_eq!(client.cancel(booking.id).await, StatusCode::NO_CONTENT);
    }
    assert_eq!(client.cancel(booking.id + 1).await, StatusCode::NOT_FOUND);
    assert_eq!(client.json("/api/bookings").await, serde_json::json!([]));
    let cancelled = client.json(&format!("/api/bookings/{}", booking.id)).await;
    assert_eq!(cancelled["state"], "cancelled");
    client.book(&request(2, 1)).await;
}

#[tokio::test]
async fn a_window_shows_what_touches_it() {
    let place = Place::new().await;
    let client = place.serve().await.client;
    for number in 0..5 {
        client.book(&request(1, number)).await;
    }
    let days = |path: &'static str| {
        let client = client.clone();
        async move {
            let bookings: Vec<Booking> = serde_json::from_value(client.json(path).await).unwrap();
            bookings.iter().map(|booking| (booking.arrives - day(0)).num_days()).collect::<Vec<_>>()
        }
    };
    assert_eq!(days("/api/bookings").await, [0, 1, 2, 3, 4]);
    assert_eq!(days("/api/bookings?from=2100-01-03T00:00:00Z").await, [2, 3, 4]);
    assert_eq!(days("/api/bookings?to=2100-01-03T00:00:00Z").await, [0, 1]);
    let window = "/api/bookings?from=2100-01-02T12:00:00Z&to=2100-01-03T01:00:00%2B01:00";
    assert_eq!(days(window).await, [1]);
}

#[tokio::test]
async fn the_board_forgets_what_is_long_over_and_the_book_does_not() {
    let place = Place::new().await;
    let client = place.serve().await.client;
    let [long_ago, lately] = [40, 20].map(|days| Utc::now() - TimeDelta::days(days));
    for arrives in [long_ago, lately] {
        let departs = arrives + TimeDelta::days(1);
        client.book(&BookingRequest { arrives, departs, ..request(1, 0) }).await;
    }
    let count = async |path| client.json(path).await.as_array().map(Vec::len);
    assert_eq!(count("/api/bookings").await, Some(1));
    assert_eq!(count("/api/bookings?from=2000-01-01T00:00:00Z").await, Some(2));
}

#[tokio::test]
async fn a_ship_must_fit_and_be_who_she_is() {
    let place = Place::new().await;
    let client = place.serve().await.client;
    let name = async |request: BookingRequest| {
        problem_name(client.try_to_book(&request, &unique_key()).await).await
    };
    let fit = request(1, 0);
    let too_long = BookingRequest { length: 40.1, ..fit.clone() };
    assert_eq!(name(too_long).await, (422, "does-not-fit".into()));
    let too_deep = BookingRequest { draught: 4.1, ..fit.clone() };
    assert_eq!(name(too_deep).await, (422, "does-not-fit".into()));
    assert_eq!(name(request(13, 0)).await, (422, "no-such-berth".into()));
    client.book(&BookingRequest { length: 40.0, draught: 4.0, ..fit.clone() }).await;
    let longer = BookingRequest { length: 39.0, ..request(2, 0) };
    assert_eq!(name(longer).await, (422, "ship-differs".into()));
    // Whoever is refused is not registered.
    let stranger = BookingRequest { ship: "Stranger".into(), ..fit };
    assert_eq!(name(stranger.clone()).await, (409, "berth-taken".into()));
    client.book(&BookingRequest { length: 30.0, berth: 2, ..stranger }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_many_use_for_different_things_belongs_to_the_first() {
    let place = Place::new().await;
    let client = place.serve().await.client;
    let mut clients = JoinSet::new();
    for number in 0..24 {
        let client = client.clone();
        clients.spawn(async move {
            let request = request(1 + number % 12, i64::from(number / 12));
            client.try_to_book(&request, "the-key").await
        });
    }
    let mut made = 0;
    for response in clients.join_all().await {
        match response.status() {
            StatusCode::CREATED => made += 1,
            _ => assert_eq!(problem_name(response).await, (422, "key-reused".into())),
        }
    }
    assert_eq!(made, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_the_database_ends_are_replaced() {
    let place = Place::new().await;
    let client = place.serve().await.client;
    let mut reader = Reader::new(&client.address).await;
    let mut connection = place.connect().await;
    for number in 0..3 {
        let end = "select count(pg_terminate_backend(pid)) from pg_stat_activity
                   where datname = current_database() and pid <> pg_backend_pid()";
        let ended: i64 = sqlx::query_scalar(end).fetch_one(&mut connection).await.unwrap();
        assert!(ended > 0);
        let booking = client.book(&request(1, number)).await;
        assert_eq!(reader.change().await.booking, booking);
    }
    // A connection that is ended in the middle of a booking is another thing: the client is told to
    // come again, and nothing is booked.
    sqlx::query("begin").execute(&mut connection).await.unwrap();
    sqlx::query("select 1 from berths where id = 2 for update")
        .execute(&mut connection)
        .await
        .unwrap();
    let waiting = tokio::spawn({
        let client = client.clone();
        async move { client.try_to_book(&request(2, 0), "k").await }
    });
    let mut other = place.connect().await;
    let end = "select count(pg_terminate_backend(pid)) from pg_stat_activity
               where datname = current_database() and wait_event_type = 'Lock'";
    while sqlx::query_scalar::<_, i64>(end).fetch_one(&mut other).await.unwrap() == 0 {}
    assert_eq!(problem_name(waiting.await.unwrap()).await, (503, "busy".into()));
    sqlx::query("commit").execute(&mut connection).await.unwrap();
    assert_eq!(client.try_to_book(&request(2, 0), "k").await.status(), StatusCode::CREATED);
}
