//! Requests that make no sense: each gets a problem that says what is wrong, and changes nothing.

use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::kit::{Client, Place, problem, request};

async fn refused(client: &Client, body: String) -> (u16, Value) {
    let post = client.post("/api/bookings").header("idempotency-key", "k");
    let response = post.header("content-type", "application/json").body(body).send().await.unwrap();
    (response.status().as_u16(), problem(response).await)
}

#[tokio::test]
async fn a_body_that_breaks_a_rule_is_told_the_field() {
    let place = Place::new().await;
    let client = place.serve().await.client;
    let cases = [
        ("ship", json!("")),
        ("ship", json!("   ")),
        ("ship", json!("a\u{7}b")),
        ("ship", json!("a".repeat(101))),
        ("length", json!(0)),
        ("length", json!(-5)),
        ("length", json!(1e300)),
        ("draught", json!(0)),
        ("draught", json!(31)),
        ("arrives", json!("+262000-01-01T00:00:00Z")),
        ("departs", json!("2099-12-31T23:59:59Z")),
        ("departs", json!("2100-01-01T00:00:00Z")),
        ("departs", json!("2100-06-01T00:00:00Z")),
        ("departs", json!("1999-01-01T00:00:00Z")),
    ];
    for (field, value) in cases {
        let mut body = json!(request(1, 0));
        body[field] = value.clone();
        let (status, problem) = refused(&client, body.to_string()).await;
        assert_eq!((status, &problem["type"]), (422, &json!("urn:harbour:problem:invalid")));
        let errors = problem["errors"].as_array().unwrap();
        assert!(errors.iter().any(|error| error["field"] == field), "{field}: {value}: {problem}");
    }
    assert_eq!(client.json("/api/bookings").await, json!([]));
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_told_why() {
    let place = Place::new().await;
    let client = place.serve().await.client;
    let good = json!(request(1, 0));
    let changed = |field: &str, value: Value| {
        let mut body = good.clone();
        body[field] = value;
        body.to_string()
    };
    let mut missing = good.clone();
    missing.as_object_mut().unwrap().remove("arrives");
    let cases = [
        (400, String::new(), "EOF"),
        (400, "{".into(), "EOF"),
        (422, "[]".into(), "length"),
        (422, missing.to_string(), "arrives"),
        (422, changed("arrives", json!("tomorrow")), "arrives"),
        (422, changed("berth", json!("seven")), "berth"),
        (422, changed("berth", json!(3_000_000_000_u64)), "berth"),
        (422, changed("length", json!(null)), "length"),
        (422, changed("captain", json!("Ahab")), "captain"),
        (413, " ".repeat(20_000), "length limit"),
    ];
    for (expected, body, says) in cases {
        let (status, problem) = refused(&client, body.clone()).await;
        assert_eq!(status, expected, "{body}: {problem}");
        assert!(problem["detail"].as_str().unwrap().contains(says), "{body}: {problem}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_a_problem_too() {
    let place = Place::new().await;
    let client = place.serve().await.client;
    let cases = [
        ("/nothing", 404),
        ("/page/../../etc/passwd", 404),
        ("/api/berths/13", 404),
        ("/api/berths/x", 404),
        ("/api/bookings/1", 404),
        ("/api/bookings/99999999999999999999", 404),
        ("/api/bookings?from=yesterday", 400),
        ("/feed", 400),
    ];
    for (path, expected) in cases {
        let response = client.get(path).send().await.unwrap();
        assert_eq!(response.status().as_u16(), expected, "{path}");
        problem(response).await;
    }
    let response = client.post("/api/berths").send().await.unwrap();
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(response.headers()["allow"], "GET,HEAD");
    problem(response).await;
    let without_key = client.post("/api/bookings").json(&request(1, 0)).send().await.unwrap();
    assert_eq!(without_key.status(), StatusCode::BAD_REQUEST);
    assert!(problem(without_key).await["detail"].as_str().unwrap().contains("Idempotency-Key"));
    for key in ["", "a b", &"k".repeat(201)] {
        let response = client.try_to_book(&request(1, 0), key).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{key}");
        problem(response).await;
    }
    let plain = client.post("/api/bookings").header("idempotency-key", "k").body("{}");
    let status = plain.send().await.unwrap().status();
    assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test]
async fn bytes_that_are_no_http_end_their_connection_and_no_other() {
    let place = Place::new().await;
    let client = place.serve().await.client;
    for bytes in [&b"\x16\x03\x01\x00\xff"[..], b"GET / HTTP/9.9\r\n\r\n", &[0xff; 4000]] {
        let mut stream = TcpStream::connect(&client.address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = Vec::new();
        // The service may reset what it has not read.
        _ = stream.read_to_end(&mut answer).await;
        assert!(!answer.starts_with(b"HTTP/1.1 2"));
    }
    // Methods that nobody has heard of are one line of the metrics.
    for method in ["FOO", "BAR"] {
        let mut stream = TcpStream::connect(&client.address).await.unwrap();
        let head = format!("{method} / HTTP/1.1\r\nhost: harbour\r\nconnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 405 "), "{answer}");
    }
    let name = "harbour_requests_total{method=\"other\",route=\"/\",status=\"405\"}";
    assert_eq!(client.metric(name).await, 2.0);
}

#[tokio::test]
async fn the_page_is_part_of_the_program() {
    let place = Place::new().await;
    let client = place.serve().await.client;
    let cases =
        [("/", "text/html"), ("/page/style.css", "text/css"), ("/page/page.js", "text/javascript")];
    for (path, kind) in cases {
        let response = client.get(path).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert!(response.headers()["content-type"].to_str().unwrap().starts_with(kind), "{path}");
        assert!(!response.text().await.unwrap().is_empty());
    }
}
