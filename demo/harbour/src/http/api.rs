//! Berths and bookings as JSON.

use std::sync::Arc;

use axum::Json as Answer;
use axum::extract::State;
use axum::extract::ws::Utf8Bytes;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::problem::{Json, Path, Problem, Query, unreadable};
use crate::domain::{Berth, Booking, BookingRequest};
use crate::service::Service;

type Harbour = State<Arc<Service>>;

/// The time that is asked about.
#[derive(Deserialize)]
pub(super) struct Window {
    from: Option<DateTime<Utc>>,
    to: Option<DateTime<Utc>>,
}

pub(super) async fn berths(service: Harbour) -> Result<Response, Problem> {
    Ok(ready(service.board().await?.berths))
}

pub(super) async fn berth(service: Harbour, id: Path<i32>) -> Result<Answer<Berth>, Problem> {
    match service.store.berth(id.0).await {
        Err(refusal @ crate::refusal::Refusal::NoSuchBerth(_)) => {
            Err(unreadable(StatusCode::NOT_FOUND, refusal.detail()))
        }
        berth => Ok(Answer(berth?)),
    }
}

/// The bookings that stand. Without a window these are the ones of the board.
pub(super) async fn bookings(service: Harbour, window: Query<Window>) -> Result<Response, Problem> {
    match window.0 {
        Window { from: None, to: None } => Ok(ready(service.board().await?.bookings)),
        Window { from, to } => Ok(Answer(service.bookings(from, to).await?).into_response()),
    }
}

pub(super) async fn booking(service: Harbour, id: Path<i64>) -> Result<Answer<Booking>, Problem> {
    Ok(Answer(service.store.booking(id.0).await?))
}

pub(super) async fn book(
    service: Harbour,
    headers: HeaderMap,
    request: Json<BookingRequest>,
) -> Result<Response, Problem> {
    let key = headers.get("idempotency-key").and_then(|key| key.to_str().ok());
    let Some(key) = key else {
        let detail = "the header Idempotency-Key is missing: any text that no other booking has";
        return Err(unreadable(StatusCode::BAD_REQUEST, detail));
    };
    let booking = service.book(request.0, key.into()).await?;
    let location = [(header::LOCATION, format!("/api/bookings/{}", booking.id))];
    Ok((StatusCode::CREATED, location, Answer(booking)).into_response())
}

pub(super) async fn cancel(service: Harbour, id: Path<i64>) -> Result<StatusCode, Problem> {
    service.cancel(id.0).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// JSON that is written already.
fn ready(text: Utf8Bytes) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], axum::body::Bytes::from(text)).into_response()
}
