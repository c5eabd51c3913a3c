//! The feed of changes: every reader gets each change once, in order, whichever instance made it.
//!
//! Changes come from this instance, from others by Redis, and from the database, which has all of
//! them. One task puts them in order by their revision. Where one is missing it asks the database,
//! and it does so every second anyway, so that nothing depends on Redis.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use axum::extract::ws::Utf8Bytes;
use tokio::sync::{broadcast, mpsc};
use tokio::time::{MissedTickBehavior, interval};

use crate::board::json;
use crate::domain::Change;
use crate::metrics::Metrics;
use crate::store::Store;

/// How often the database is asked for changes that nobody has told of.
const INTERVAL: Duration = Duration::from_secs(1);

/// Changes that are read from the database at once.
const PAGE: i64 = 500;

/// A change, and its message, which is written once for all readers.
#[derive(Debug)]
pub struct Entry {
    pub change: Change,
    pub message: Utf8Bytes,
}

/// What the instances tell each other.
pub enum News {
    Change(Change),
    /// Some may have been missed.
    Gap,
}

/// What the readers share.
pub struct Feed {
    entries: broadcast::Sender<Arc<Entry>>,
    news: mpsc::Sender<News>,
    /// The last change that this instance has heard of.
    seen: AtomicI64,
}

/// Puts the changes in order.
pub struct Follower {
    feed: Arc<Feed>,
    news: mpsc::Receiver<News>,
    store: Store,
    metrics: Arc<Metrics>,
    /// The last change that the readers got.
    last: i64,
}

impl Feed {
    /// A feed of the changes after `revision`. A reader that is more than `capacity` changes behind
    /// loses some, and is told so.
    pub fn new(
        store: Store,
        metrics: Arc<Metrics>,
        revision: i64,
        capacity: usize,
    ) -> (Arc<Feed>, Follower) {
        let (sender, news) = mpsc::channel(256);
        let entries = broadcast::Sender::new(capacity);
        let feed = Arc::new(Feed { entries, news: sender, seen: AtomicI64::new(revision) });
        let follower = Follower { feed: feed.clone(), news, store, metrics, last: revision };
        (feed, follower)
    }

    /// The changes from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Entry>> {
        self.entries.subscribe()
    }

    /// A board must show this revision or a later one, or else it is old.
    pub fn seen(&self) -> i64 {
        self.seen.load(Ordering::Acquire)
    }

    /// Tells the readers of a change that this instance has made.
    pub async fn tell(&self, change: Change) {
        self.seen.fetch_max(change.revision, Ordering::AcqRel);
        // Without a follower the service is ending, and so are the readers.
        _ = self.news.send(News::Change(change)).await;
    }

    /// Where others tell of changes.
    pub fn news(&self) -> mpsc::Sender<News> {
        self.news.clone()
    }
}

impl Follower {
    /// Follows the changes for ever.
    pub async fn run(mut self) {
        let mut ticks = interval(INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let news = tokio::select! {
                Some(news) = self.news.recv() => news,
                _ = ticks.tick() => News::Gap,
            };
            let caught_up = match news {
                News::Change(change) if change.revision <= self.last => Ok(()),
                News::Change(change) if change.revision == self.last + 1 => {
                    self.pass_on(change);
                    Ok(())
                }
                // It is ahead of others that are not told of yet, or lost.
                News::Change(_) | News::Gap => self.catch_up().await,
            };
            if let Err(error) = caught_up {
                // The next tick tries again.
                tracing::warn!(%error, "the changes cannot be read");
            }
        }
    }

    async fn catch_up(&mut self) -> Result<(), sqlx::Error> {
        loop {
            let changes = self.store.changes(self.last, PAGE).await?;
            let count = changes.len();
            changes.into_iter().for_each(|change| self.pass_on(change));
            if count < PAGE as usize {
                return Ok(());
            }
        }
    }

    fn pass_on(&mut self, change: Change) {
        self.last = change.revision;
        // Before the readers get it, so that no board is given out after it that lacks it.
        self.feed.seen.fetch_max(self.last, Ordering::AcqRel);
        self.metrics.changes.inc();
        let message = json(&change);
        // It is an error that nobody reads.
        _ = self.feed.entries.send(Arc::new(Entry { change, message }));
    }
}
