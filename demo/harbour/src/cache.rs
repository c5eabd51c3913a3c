//! What instances share through Redis: the board, ready to be sent, and news of each change.
//!
//! Nothing here is the truth, and nothing waits for it long: a Redis that is dead, slow or empty
//! costs time and never a request. Each part of the board carries the revision that it shows, so an
//! old one is seen as such.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, RedisError, RedisResult, Script};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};

use crate::board::Board;
use crate::feed::News;
use crate::metrics::Metrics;

/// How long nobody asks a Redis that has failed.
const AWAY: Duration = Duration::from_secs(1);

/// Makes an older board unknown, and tells all instances of the change: KEYS board and channel,
/// ARGV revision and news.
const ANNOUNCE: &str = "
    if tonumber(ARGV[1]) > tonumber(redis.call('hget', KEYS[1], 'revision') or '-1') then
        redis.call('hset', KEYS[1], 'revision', ARGV[1])
        redis.call('hdel', KEYS[1], 'berths', 'bookings')
    end
    return redis.call('publish', KEYS[2], ARGV[2])";

/// Keeps a board unless there has been a change since it was read: KEYS board, ARGV revision,
/// berths and bookings.
const KEEP: &str = "
    if tonumber(ARGV[1]) < tonumber(redis.call('hget', KEYS[1], 'revision') or '-1') then
        return 0
    end
    redis.call('hset', KEYS[1], 'revision', ARGV[1], 'berths', ARGV[2], 'bookings', ARGV[3])
    return redis.call('expire', KEYS[1], 3600)";

/// The Redis of one harbour.
pub struct Cache {
    client: Client,
    connection: ConnectionManager,
    board: String,
    channel: String,
    announce: Script,
    keep: Script,
    start: Instant,
    /// Milliseconds after the start until which Redis counts as away.
    away_until: AtomicU64,
    is_away: AtomicBool,
    /// How long a call may take.
    patience: Duration,
    metrics: Arc<Metrics>,
}

impl Cache {
    /// Connects with the first use.
    ///
    /// # Errors
    ///
    /// The URL cannot be read. A Redis that does not answer is none.
    pub fn new(
        url: &str,
        harbour: &str,
        patience: Duration,
        metrics: Arc<Metrics>,
    ) -> RedisResult<Self> {
        let client = Client::open(url)?;
        // One attempt, since what fails is tried again with the next call.
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(0)
            .set_connection_timeout(Some(patience))
            .set_response_timeout(Some(patience));
        Ok(Self {
            connection: ConnectionManager::new_lazy_with_config(client.clone(), config)?,
            client,
            board: format!("harbour:{harbour}:board"),
            channel: format!("harbour:{harbour}:changes"),
            announce: Script::new(ANNOUNCE),
            keep: Script::new(KEEP),
            start: Instant::now(),
            away_until: AtomicU64::new(0),
            is_away: AtomicBool::new(false),
            patience,
            metrics,
        })
    }

    /// The board, if Redis has one.
    pub async fn board(&self) -> Option<Board> {
        let mut command = redis::cmd("HMGET");
        command.arg(&self.board).arg("revision").arg("berths").arg("bookings");
        let mut connection = self.connection.clone();
        let parts = self.call(command.query_async(&mut connection)).await?;
        let (Some(revision), Some(berths), Some(bookings)) = parts else { return None };
        let (berths, bookings): (String, String) = (berths, bookings);
        Some(Board { revision, berths: berths.into(), bookings: bookings.into() })
    }

    /// Keeps a board for all instances.
    pub async fn keep(&self, board: &Board) {
        let mut script = self.keep.key(&self.board);
        script.arg(board.revision).arg(board.berths.as_str()).arg(board.bookings.as_str());
        let mut connection = self.connection.clone();
        _ = self.call(script.invoke_async::<i64>(&mut connection)).await;
    }

    /// Tells all instances of a change.
    pub async fn announce(&self, revision: i64, news: &str) {
        let mut script = self.announce.key(&self.board);
        script.key(&self.channel).arg(revision).arg(news);
        let mut connection = self.connection.clone();
        _ = self.call(script.invoke_async::<i64>(&mut connection)).await;
    }

    /// Whether Redis answers.
    pub async fn ping(&self) -> bool {
        let mut connection = self.connection.clone();
        let ping = redis::cmd("PING");
        self.call(ping.query_async::<String>(&mut connection)).await.is_some()
    }

    /// Makes one call, or none while Redis is away.
    async fn call<T>(&self, call: impl Future<Output = RedisResult<T>>) -> Option<T> {
        let now = self.start.elapsed();
        let away_until = Duration::from_millis(self.away_until.load(Ordering::Relaxed));
        if now < away_until {
            return None;
        }
        let problem = match timeout(self.patience, call).await {
            Ok(Ok(answer)) => {
                if self.is_away.load(Ordering::Relaxed)
                    && self.is_away.swap(false, Ordering::Relaxed)
                {
                    tracing::info!("Redis answers again");
                }
                return Some(answer);
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no answer in time".to_string(),
        };
        self.metrics.redis_failures.inc();
        let until = (self.start.elapsed() + AWAY).as_millis().try_into().unwrap_or(u64::MAX);
        self.away_until.store(until, Ordering::Relaxed);
        // The first failure of many.
        if !self.is_away.swap(true, Ordering::Relaxed) {
            tracing::warn!(problem, "Redis is away; the board comes from the database");
        }
        None
    }

    /// Passes on what the instances tell each other, for ever. After a gap it says so.
    pub async fn listen(&self, news: mpsc::Sender<News>) {
        let mut was_away = false;
        loop {
            match self.listen_once(&news, &mut was_away).await {
                // Nobody wants to know any more.
                Ok(()) => return,
                Err(error) if !was_away => {
                    tracing::warn!(%error, "no news by Redis; changes come by asking the database");
                    was_away = true;
                }
                Err(_) => {}
            }
            sleep(AWAY).await;
        }
    }

    async fn listen_once(
        &self,
        news: &mpsc::Sender<News>,
        was_away: &mut bool,
    ) -> Result<(), RedisError> {
        let mut feed = self.client.get_async_pubsub().await?;
        feed.subscribe(&self.channel).await?;
        if std::mem::take(was_away) {
            tracing::info!("news come by Redis again");
        }
        if news.send(News::Gap).await.is_err() {
            return Ok(());
        }
        let mut messages = feed.into_on_message();
        while let Some(message) = messages.next().await {
            let text: String = message.get_payload()?;
            let change = match serde_json::from_str(&text) {
                Ok(change) => change,
                Err(error) => {
                    tracing::warn!(%error, text, "what Redis told is no change");
                    continue;
                }
            };
            if news.send(News::Change(change)).await.is_err() {
                return Ok(());
            }
        }
        Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into())
    }
}
