//! A Redis that dies, hangs, and comes back: no request fails for it.

use harbour::config::{Config, Patience};
use serde_json::json;

use crate::kit::process::Redis;
use crate::kit::reader::Reader;
use crate::kit::{Client, Instance, Place, request, until};

const DATABASE: &str = "harbour_boards_total{source=\"database\"}";
const REDIS: &str = "harbour_boards_total{source=\"redis\"}";
const MEMORY: &str = "harbour_boards_total{source=\"memory\"}";

async fn serve(place: &Place, redis: &Redis) -> Instance {
    Instance::start(Config { redis: redis.url(), ..place.config() }).await
}

/// An instance that waits for Redis as long as a service does.
async fn serve_as_usual(place: &Place, redis: &Redis) -> Instance {
    let config = Config { redis: redis.url(), ..place.config() };
    let patience = Patience { redis: Patience::default().redis, ..config.patience };
    Instance::start(Config { patience, ..config }).await
}

/// What `/health` says of Redis.
async fn health(client: &Client) -> String {
    let health = client.json("/health").await;
    assert_eq!(health["database"], "up");
    let expected = if health["redis"] == "up" { "well" } else { "degraded" };
    assert_eq!(health["status"], expected);
    health["redis"].as_str().unwrap().into()
}

async fn count(client: &Client) -> usize {
    client.json("/api/bookings").await.as_array().unwrap().len()
}

#[tokio::test]
async fn the_board_is_read_once_for_all_instances() {
    let place = Place::new().await;
    let (one, two) = (place.serve().await.client, place.serve().await.client);
    for _ in 0..3 {
        assert_eq!(count(&one).await, 0);
        assert_eq!(count(&two).await, 0);
    }
    assert_eq!(one.metric(DATABASE).await + two.metric(DATABASE).await, 1.0);
    one.book(&request(1, 0)).await;
    // The change has made the old board unknown, to the other instance as well.
    for _ in 0..3 {
        assert_eq!(count(&two).await, 1);
        assert_eq!(count(&one).await, 1);
    }
    assert_eq!(one.metric(DATABASE).await + two.metric(DATABASE).await, 2.0);
    assert_eq!(one.metric(REDIS).await + two.metric(REDIS).await, 10.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_is_killed_and_comes_back_is_missed_by_nobody() {
    let place = Place::new().await;
    let mut redis = Redis::start().await;
    let (one, two) = (serve(&place, &redis).await.client, serve(&place, &redis).await.client);
    let mut reader = Reader::new(&two.address).await;
    one.book(&request(1, 0)).await;
    reader.change().await;
    assert_eq!(health(&one).await, "up");
    redis.kill().await;
    for number in 1..6 {
        let booking = one.book(&request(1, number)).await;
        // The instance that booked shows it at once, and the other one when it has asked.
        assert_eq!(count(&one).await, 1 + number as usize);
        assert_eq!(reader.change().await.booking, booking);
        assert_eq!(count(&two).await, 1 + number as usize);
    }
    assert_eq!(health(&one).await, "away");
    assert!(one.metric("harbour_redis_failures_total").await >= 1.0);
    assert!(redis.begin().await, "its port is free still");
    for client in [&one, &two] {
        until("Redis is back", async || health(client).await == "up").await;
    }
    let before = one.metric(REDIS).await;
    let booking = one.book(&request(1, 9)).await;
    assert_eq!(reader.change().await.booking, booking);
    until("the board comes from Redis", async || {
        assert_eq!(count(&one).await, 7);
        one.metric(REDIS).await > before
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_hangs_holds_nobody_up_for_long() {
    let place = Place::new().await;
    let redis = Redis::start().await;
    let client = serve_as_usual(&place, &redis).await.client;
    assert_eq!(count(&client).await, 0);
    redis.stop(true).await;
    client.book(&request(1, 0)).await;
    for _ in 0..100 {
        assert_eq!(count(&client).await, 1);
    }
    // Most of these did not even ask it.
    assert!(client.metric("harbour_redis_failures_total").await < 50.0);
    assert!(client.metric(MEMORY).await >= 90.0);
    redis.stop(false).await;
    until("Redis is back", async || health(&client).await == "up").await;
    assert_eq!(count(&client).await, 1);
}

#[tokio::test]
async fn a_service_starts_without_redis() {
    let place = Place::new().await;
    let mut redis = Redis::start().await;
    redis.kill().await;
    let client = serve(&place, &redis).await.client;
    let mut reader = Reader::new(&client.address).await;
    let booking = client.book(&request(1, 0)).await;
    assert_eq!(reader.change().await.booking, booking);
    assert_eq!(client.json("/api/bookings").await, json!([booking]));
    assert_eq!(health(&client).await, "away");
}

#[tokio::test]
async fn an_old_board_and_nonsense_in_redis_are_seen_as_such() {
    let place = Place::new().await;
    let mut redis = Redis::start().await;
    let client = serve(&place, &redis).await.client;
    client.book(&request(1, 0)).await;
    assert_eq!(count(&client).await, 1);
    let connection = redis::Client::open(redis.url()).unwrap();
    let mut connection = connection.get_multiplexed_async_connection().await.unwrap();
    let keys: Vec<String> =
        redis::cmd("KEYS").arg("harbour:*:board").query_async(&mut connection).await.unwrap();
    let [board] = &keys[..] else { panic!("{keys:?}") };
    let mut set = redis::cmd("HSET");
    set.arg(board).arg("revision").arg(0).arg("bookings").arg("[]");
    set.exec_async(&mut connection).await.unwrap();
    assert_eq!(count(&client).await, 1);
    // A text where a number belongs, a key of another type, and news that is no change.
    let mut set = redis::cmd("HSET");
    set.arg(board).arg("revision").arg("many").exec_async(&mut connection).await.unwrap();
    assert_eq!(count(&client).await, 1);
    let channel = board.replace(":board", ":changes");
    let mut publish = redis::cmd("PUBLISH");
    publish.arg(channel).arg("{\"revision\":").exec_async(&mut connection).await.unwrap();
    redis::cmd("SET").arg(board).arg("text").exec_async(&mut connection).await.unwrap();
    assert_eq!(count(&client).await, 1);
    let mut reader = Reader::new(&client.address).await;
    let booking = client.book(&request(1, 1)).await;
    assert_eq!(reader.change().await.booking, booking);
    redis.kill().await;
}
