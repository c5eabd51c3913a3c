//! The service by HTTP: routes, and what holds for all of them.

mod api;
mod feed;
mod page;
pub mod problem;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::time::{Instant, timeout};
use tracing::Instrument;

use self::problem::{Problem, method_not_allowed, not_found};
use crate::refusal::Refusal;
use crate::service::Service;

/// A booking has a few hundred bytes.
const MAX_BODY: usize = 16 * 1024;

/// All routes of the service.
pub fn routes(service: Arc<Service>) -> Router {
    Router::new()
        .route("/api/berths", get(api::berths))
        .route("/api/berths/{id}", get(api::berth))
        .route("/api/bookings", get(api::bookings).post(api::book))
        .route("/api/bookings/{id}", get(api::booking).delete(api::cancel))
        .route("/feed", get(feed::feed))
        .route("/metrics", get(metrics))
        .route("/health", get(health))
        .merge(page::routes())
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(from_fn_with_state(service.clone(), observe))
        .with_state(service)
}

/// Counts and logs each request, and ends one that takes too long.
async fn observe(State(service): State<Arc<Service>>, request: Request, next: Next) -> Response {
    static REQUESTS: AtomicU64 = AtomicU64::new(1);
    let start = Instant::now();
    let number = REQUESTS.fetch_add(1, Ordering::Relaxed);
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("none", MatchedPath::as_str).to_string();
    let span = tracing::info_span!("request", number, %method, path = request.uri().path());
    let response =
        timeout(service.patience.request, next.run(request).instrument(span.clone())).await;
    let response =
        response.unwrap_or_else(|_| Problem(Refusal::Busy("it took too long")).into_response());
    let (status, duration) = (response.status().as_u16(), start.elapsed());
    service.metrics.request(method.as_str(), &route, status, duration);
    let micros = duration.as_micros() as u64;
    span.in_scope(|| match status {
        500.. => tracing::error!(status, micros, "answered"),
        _ => tracing::debug!(status, micros, "answered"),
    });
    response
}

async fn metrics(State(service): State<Arc<Service>>) -> impl IntoResponse {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], service.metrics.text(service.store.connections()))
}

/// 200 while the service can book. Redis may be away.
async fn health(State(service): State<Arc<Service>>) -> impl IntoResponse {
    let up = |is_up| if is_up { "up" } else { "away" };
    let (database, redis) = tokio::join!(service.store.ping(), service.cache.ping());
    let closing = service.closing.is_cancelled();
    let (status, word) = match &database {
        _ if closing => (StatusCode::SERVICE_UNAVAILABLE, "closing"),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "failing"),
        Ok(()) if redis => (StatusCode::OK, "well"),
        Ok(()) => (StatusCode::OK, "degraded"),
    };
    let text = serde_json::json!({
        "status": word,
        "database": up(database.is_ok()),
        "redis": up(redis),
    });
    (status, axum::Json(text))
}
