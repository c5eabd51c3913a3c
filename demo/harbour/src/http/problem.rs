//! Errors as problem documents (RFC 9457).

use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::refusal::Refusal;

/// A refusal, as the answer to a request.
#[derive(Debug)]
pub struct Problem(pub Refusal);

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Self(refusal)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let refusal = self.0;
        if let Refusal::Database(error) = &refusal {
            tracing::error!(%error, "the database failed");
        }
        let status = StatusCode::from_u16(refusal.status());
        let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let (kind, title) = match &refusal {
            // It says no more than the status does.
            Refusal::Unreadable { .. } => {
                ("about:blank".into(), status.canonical_reason().unwrap_or_default().into())
            }
            _ => {
                let name = refusal.name();
                (format!("urn:harbour:problem:{name}"), name.replace('-', " "))
            }
        };
        let mut document = json!({
            "type": kind,
            "title": title,
            "status": status.as_u16(),
            "detail": refusal.detail(),
        });
        match &refusal {
            Refusal::Invalid(errors) => document["errors"] = json!(errors),
            Refusal::Taken(booking) => document["booking"] = json!(booking),
            Refusal::TooShallow { needed, height, next } => {
                document["needed"] = json!(needed);
                document["height"] = json!(height);
                document["next"] = next.map_or(Value::Null, |next| json!(next));
            }
            _ => {}
        }
        let kind = [(header::CONTENT_TYPE, "application/problem+json")];
        let mut response = (status, kind, document.to_string()).into_response();
        if refusal.is_passing() {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

/// A body, a path or a query that cannot be read is a problem like others.
#[derive(FromRequest)]
#[from_request(via(axum::Json), rejection(Problem))]
pub(super) struct Json<T>(pub T);

#[derive(FromRequestParts)]
#[from_request(via(axum::extract::Path), rejection(Problem))]
pub(super) struct Path<T>(pub T);

#[derive(FromRequestParts)]
#[from_request(via(axum::extract::Query), rejection(Problem))]
pub(super) struct Query<T>(pub T);

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Self {
        unreadable(rejection.status(), rejection.body_text())
    }
}

impl From<PathRejection> for Problem {
    // What is no number names nothing that there is.
    fn from(rejection: PathRejection) -> Self {
        unreadable(StatusCode::NOT_FOUND, rejection.body_text())
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Self {
        unreadable(rejection.status(), rejection.body_text())
    }
}

pub(super) fn unreadable(status: StatusCode, detail: impl Into<String>) -> Problem {
    Problem(Refusal::Unreadable { status: status.as_u16(), detail: detail.into() })
}

pub(super) async fn not_found(request: Request) -> Problem {
    unreadable(StatusCode::NOT_FOUND, format!("there is nothing at {}", request.uri().path()))
}

pub(super) async fn method_not_allowed(method: Method, uri: Uri) -> Problem {
    let detail = format!("{} has no {method}", uri.path());
    unreadable(StatusCode::METHOD_NOT_ALLOWED, detail)
}
