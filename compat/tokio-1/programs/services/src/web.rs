//! The book by HTTP, and an echo by WebSocket.

use std::time::Duration;

use axum::extract::ws::{WebSocket, WebSocketUpgrade};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use axum::{Json, Router};

use crate::book::{Book, Booking};

/// The routes that need no book.
pub fn routes() -> Router {
    Router::new()
        .route(
            "/version",
            get(|request: Request| async move { format!("{:?}", request.version()) }),
        )
        .route("/slow", get(slow))
        .route("/echo", any(|upgrade: WebSocketUpgrade| async { upgrade.on_upgrade(echo) }))
}

/// All routes.
pub fn routes_with(book: Book) -> Router {
    routes().merge(Router::new().route("/bookings", get(list).post(add)).with_state(book))
}

async fn slow() -> &'static str {
    tokio::time::sleep(Duration::from_millis(30)).await;
    "slow"
}

async fn echo(mut socket: WebSocket) {
    while let Some(Ok(message)) = socket.recv().await {
        if socket.send(message).await.is_err() {
            return;
        }
    }
}

async fn list(State(book): State<Book>) -> Response {
    match book.all().await {
        Ok(bookings) => Json(bookings).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

async fn add(State(book): State<Book>, Json(booking): Json<Booking>) -> Response {
    match book.add(&booking).await {
        Ok(true) => StatusCode::CREATED.into_response(),
        Ok(false) => StatusCode::CONFLICT.into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}
