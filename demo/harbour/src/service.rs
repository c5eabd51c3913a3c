//! What the harbour does, by whatever protocol it is asked: book, cancel, show.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::board::{Board, json};
use crate::cache::Cache;
use crate::config::Patience;
use crate::domain::{Booking, BookingRequest, Change};
use crate::feed::Feed;
use crate::metrics::Metrics;
use crate::refusal::Refusal;
use crate::store::Store;
use crate::tides::Tides;

/// One instance of the service.
pub struct Service {
    pub store: Store,
    pub cache: Cache,
    pub feed: Arc<Feed>,
    pub tides: Tides,
    pub metrics: Arc<Metrics>,
    pub patience: Patience,
    /// What must end before the program may: changes under way, and readers of the feed.
    pub tasks: TaskTracker,
    /// Is cancelled when the service is to end.
    pub closing: CancellationToken,
    /// The last board that came from the database; whoever holds the lock reads a new one for all.
    board: Mutex<Option<Board>>,
}

impl Service {
    pub fn new(
        store: Store,
        cache: Cache,
        feed: Arc<Feed>,
        tides: Tides,
        metrics: Arc<Metrics>,
        patience: Patience,
    ) -> Arc<Self> {
        let (tasks, closing) = (TaskTracker::new(), CancellationToken::new());
        let board = Mutex::default();
        Arc::new(Self { store, cache, feed, tides, metrics, patience, tasks, closing, board })
    }

    /// Books a berth. The same request with the same key is one booking, however often it comes.
    pub async fn book(
        self: &Arc<Self>,
        request: BookingRequest,
        key: String,
    ) -> Result<Booking, Refusal> {
        let result = self.clone().try_to_book(request, key).await;
        self.metrics.booking(match &result {
            Ok((_, true)) => "booked",
            Ok((_, false)) => "found",
            Err(refusal) => refusal.name(),
        });
        result.map(|(booking, _)| booking)
    }

    /// The booking, and whether it is new.
    async fn try_to_book(
        self: Arc<Self>,
        request: BookingRequest,
        key: String,
    ) -> Result<(Booking, bool), Refusal> {
        if !(1..=200).contains(&key.len()) || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            let detail = "the idempotency key is 1 to 200 visible ASCII characters".into();
            return Err(Refusal::Unreadable { status: 400, detail });
        }
        let request = request.checked()?;
        if request.tide_needed().is_some() {
            // The station is not asked again for what is booked, or cannot be.
            match self.store.booking_by_key(&key).await? {
                Some(known) if request.asks_for(&known) => return Ok((known, false)),
                Some(_) => return Err(Refusal::KeyReused),
                None => self.store.berth(request.berth).await?.fits(&request)?,
            }
            self.tides.admit(&request).await?;
        }
        self.clone()
            .to_its_end(async move {
                let (booking, change) = self.store.book(&request, &key).await?;
                let is_new = change.is_some();
                if let Some(change) = change {
                    tracing::info!(id = booking.id, ship = booking.ship, "booked");
                    self.spread(change).await;
                }
                Ok((booking, is_new))
            })
            .await
    }

    /// Cancels a booking. One that is cancelled stays so.
    pub async fn cancel(self: &Arc<Self>, id: i64) -> Result<(), Refusal> {
        let service = self.clone();
        self.to_its_end(async move {
            if let Some(change) = service.store.cancel(id).await? {
                tracing::info!(id, "cancelled");
                service.metrics.booking("cancelled");
                service.spread(change).await;
            }
            Ok(())
        })
        .await
    }

    /// Runs a change in a task of its own: a client that goes away in the middle would otherwise
    /// leave a change in the book that nobody is told of.
    async fn to_its_end<T: Send + 'static>(
        &self,
        change: impl Future<Output = Result<T, Refusal>> + Send + 'static,
    ) -> Result<T, Refusal> {
        let task = self.tasks.spawn(tracing::Instrument::in_current_span(change));
        task.await.unwrap_or_else(|error| {
            tracing::error!(%error, "a change ended early");
            Err(Refusal::Busy("the change ended early"))
        })
    }

    /// Tells everybody of a change.
    async fn spread(&self, change: Change) {
        let (revision, news) = (change.revision, json(&change));
        self.feed.tell(change).await;
        self.cache.announce(revision, &news).await;
    }

    /// The board with every change that this instance has heard of, from where it costs least.
    pub async fn board(&self) -> Result<Board, Refusal> {
        let seen = self.feed.seen();
        let current = |board: &Board| board.revision >= seen;
        if let Some(board) = self.cache.board().await.filter(current) {
            self.metrics.board("redis");
            return Ok(board);
        }
        let mut last = self.board.lock().await;
        if let Some(board) = last.as_ref().filter(|board| current(board)) {
            self.metrics.board("memory");
            return Ok(board.clone());
        }
        let board = Board::from(self.store.contents().await?);
        self.metrics.board("database");
        *last = Some(board.clone());
        drop(last);
        self.cache.keep(&board).await;
        Ok(board)
    }

    /// The bookings that stand and touch a time.
    pub async fn bookings(
        &self,
        from: Option<DateTime<Utc>>,
        to: Option<DateTime<Utc>>,
    ) -> Result<Vec<Booking>, Refusal> {
        Ok(self.store.bookings(from, to).await?)
    }
}
