//! The service by gRPC; `proto/harbour.proto` says what each call means.

use std::pin::Pin;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures_util::Stream;
use prost_types::Timestamp;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Request, Response, Status};

use self::proto::change::What;
use self::proto::harbour_server::{Harbour, HarbourServer};
use crate::board::Board;
use crate::domain;
use crate::refusal::Refusal;
use crate::service::Service;

/// What the build makes of the protocol.
pub mod proto {
    tonic::include_proto!("harbour.v1");
}

/// Messages that wait in a stream for a reader, beside those that wait in the feed.
const STREAM: usize = 16;

type Changes = Pin<Box<dyn Stream<Item = Result<proto::Change, Status>> + Send>>;

/// The calls.
pub struct Calls {
    service: Arc<Service>,
}

/// The service for a server of tonic.
pub fn server(service: Arc<Service>) -> HarbourServer<Calls> {
    HarbourServer::new(Calls { service })
}

#[tonic::async_trait]
impl Harbour for Calls {
    async fn book(
        &self,
        request: Request<proto::BookRequest>,
    ) -> Result<Response<proto::Booking>, Status> {
        let proto::BookRequest { key, berth, ship, length, draught, arrives, departs } =
            request.into_inner();
        let arrives = time(arrives, "arrives")?.ok_or_else(|| missing("arrives"))?;
        let departs = time(departs, "departs")?.ok_or_else(|| missing("departs"))?;
        let request = domain::BookingRequest { berth, ship, length, draught, arrives, departs };
        let booking = self.service.book(request, key).await.map_err(status)?;
        Ok(Response::new(booking.into()))
    }

    async fn cancel(
        &self,
        request: Request<proto::CancelRequest>,
    ) -> Result<Response<proto::CancelResponse>, Status> {
        self.service.cancel(request.into_inner().id).await.map_err(status)?;
        Ok(Response::new(proto::CancelResponse {}))
    }

    async fn list(
        &self,
        request: Request<proto::ListRequest>,
    ) -> Result<Response<proto::ListResponse>, Status> {
        let proto::ListRequest { from, to } = request.into_inner();
        let bookings = match (time(from, "from")?, time(to, "to")?) {
            (None, None) => parts(&self.service.board().await.map_err(status)?)?.bookings,
            (from, to) => {
                let bookings = self.service.bookings(from, to).await.map_err(status)?;
                bookings.into_iter().map(Into::into).collect()
            }
        };
        Ok(Response::new(proto::ListResponse { bookings }))
    }

    type WatchStream = Changes;

    async fn watch(
        &self,
        _: Request<proto::WatchRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let (sender, receiver) = mpsc::channel(STREAM);
        let service = self.service.clone();
        self.service.tasks.spawn(async move {
            service.metrics.readers.inc();
            let reason = tokio::select! {
                reason = watch(&service, &sender) => reason,
                _ = sender.closed() => "gone",
                _ = service.closing.cancelled() => {
                    _ = sender.try_send(Err(Status::unavailable("the service ends")));
                    "closing"
                }
            };
            service.metrics.readers.dec();
            service.metrics.left(reason);
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }
}

/// Sends the board and the changes after it, and says why it ended.
async fn watch(
    service: &Service,
    sender: &mpsc::Sender<Result<proto::Change, Status>>,
) -> &'static str {
    // Before the board is read: what comes in between is in both, and left out here.
    let mut entries = service.feed.subscribe();
    let board = match service.board().await {
        Ok(board) => board,
        Err(refusal) => {
            _ = sender.send(Err(status(refusal))).await;
            return "no-board";
        }
    };
    let first = parts(&board)
        .map(|parts| proto::Change { revision: board.revision, what: Some(What::Board(parts)) });
    if sender.send(first).await.is_err() {
        return "gone";
    }
    loop {
        let change = match entries.recv().await {
            Ok(entry) if entry.change.revision <= board.revision => continue,
            Ok(entry) => Ok(entry.change.clone().into()),
            Err(RecvError::Lagged(missed)) => {
                let text = format!("too slow: {missed} changes are lost; watch again");
                _ = sender.send(Err(Status::resource_exhausted(text))).await;
                return "slow";
            }
            Err(RecvError::Closed) => return "closing",
        };
        if sender.send(change).await.is_err() {
            return "gone";
        }
    }
}

/// The board as messages.
fn parts(board: &Board) -> Result<proto::Board, Status> {
    let read = || {
        let berths: Vec<domain::Berth> = serde_json::from_str(&board.berths)?;
        let bookings: Vec<domain::Booking> = serde_json::from_str(&board.bookings)?;
        Ok::<_, serde_json::Error>((berths, bookings))
    };
    let (berths, bookings) = read().map_err(|error| Status::internal(error.to_string()))?;
    let berths = berths.into_iter().map(Into::into).collect();
    Ok(proto::Board { berths, bookings: bookings.into_iter().map(Into::into).collect() })
}

/// A refusal as the status of a call. Its name is in the metadata, for programs.
fn status(refusal: Refusal) -> Status {
    let code = match &refusal {
        Refusal::Invalid(_) | Refusal::Unreadable { .. } | Refusal::KeyReused => {
            Code::InvalidArgument
        }
        Refusal::NoSuchBerth(_) | Refusal::NoSuchBooking(_) => Code::NotFound,
        Refusal::Taken(_) => Code::AlreadyExists,
        Refusal::DoesNotFit(_) | Refusal::ShipDiffers { .. } | Refusal::TooShallow { .. } => {
            Code::FailedPrecondition
        }
        Refusal::TidesUnknown(_) | Refusal::Busy(_) => Code::Unavailable,
        Refusal::Database(error) => {
            tracing::error!(%error, "the database failed");
            Code::Internal
        }
    };
    let mut status = Status::new(code, refusal.detail());
    let name = tonic::metadata::MetadataValue::from_static(refusal.name());
    status.metadata_mut().insert("problem", name);
    status
}

fn missing(field: &str) -> Status {
    Status::invalid_argument(format!("{field} is missing"))
}

fn time(timestamp: Option<Timestamp>, field: &str) -> Result<Option<DateTime<Utc>>, Status> {
    let Some(Timestamp { seconds, nanos }) = timestamp else { return Ok(None) };
    let nanos = u32::try_from(nanos).ok();
    let time = nanos.and_then(|nanos| DateTime::from_timestamp(seconds, nanos));
    time.map(Some).ok_or_else(|| Status::invalid_argument(format!("{field} is no time")))
}

fn timestamp(time: DateTime<Utc>) -> Option<Timestamp> {
    let nanos = time.timestamp_subsec_nanos().try_into().unwrap_or(0);
    Some(Timestamp { seconds: time.timestamp(), nanos })
}

impl From<domain::Berth> for proto::Berth {
    fn from(berth: domain::Berth) -> Self {
        let domain::Berth { id, number, quay, length, depth } = berth;
        Self { id, number, quay, length, depth }
    }
}

impl From<domain::Booking> for proto::Booking {
    fn from(booking: domain::Booking) -> Self {
        let domain::Booking { id, berth, ship, length, draught, arrives, departs, state } = booking;
        let state = match state {
            domain::State::Booked => proto::State::Booked,
            domain::State::Cancelled => proto::State::Cancelled,
        };
        let (arrives, departs) = (timestamp(arrives), timestamp(departs));
        Self { id, berth, ship, length, draught, arrives, departs, state: state.into() }
    }
}

impl From<domain::Change> for proto::Change {
    fn from(change: domain::Change) -> Self {
        let domain::Change { revision, kind, booking } = change;
        let what = match kind {
            domain::State::Booked => What::Booked(booking.into()),
            domain::State::Cancelled => What::Cancelled(booking.into()),
        };
        Self { revision, what: Some(what) }
    }
}
