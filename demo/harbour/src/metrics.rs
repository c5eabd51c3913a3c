//! What the service counts, in the text format of Prometheus.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};
use tokio::runtime::Handle;

/// A request by its route, never by its path, so that there are few.
#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct Request {
    method: String,
    route: String,
    status: u16,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct Outcome {
    outcome: &'static str,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct Board {
    source: &'static str,
}

/// All counters.
pub struct Metrics {
    registry: Registry,
    requests: Family<Request, Counter>,
    seconds: Histogram,
    bookings: Family<Outcome, Counter>,
    boards: Family<Board, Counter>,
    tides: Family<Outcome, Counter>,
    left: Family<Outcome, Counter>,
    /// Readers of the feed, by WebSocket and by gRPC.
    pub readers: Gauge,
    /// Changes that were passed to the feed.
    pub changes: Counter,
    /// Calls to Redis that failed or took too long.
    pub redis_failures: Counter,
    connections: Gauge,
    idle: Gauge,
    tasks: Gauge,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("harbour"),
            requests: Family::default(),
            seconds: Histogram::new(exponential_buckets(0.000_25, 2.0, 16)),
            bookings: Family::default(),
            boards: Family::default(),
            tides: Family::default(),
            left: Family::default(),
            readers: Gauge::default(),
            changes: Counter::default(),
            redis_failures: Counter::default(),
            connections: Gauge::default(),
            idle: Gauge::default(),
            tasks: Gauge::default(),
        };
        metrics.register();
        metrics
    }
}

impl Metrics {
    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register("requests", "Requests by HTTP", self.requests.clone());
        let (name, help) = ("request_duration", "Time from a request's head to its answer's");
        registry.register_with_unit(name, help, Unit::Seconds, self.seconds.clone());
        registry.register("bookings", "Bookings and refusals", self.bookings.clone());
        registry.register("boards", "Boards given out", self.boards.clone());
        registry.register("tide_requests", "Requests to the tide station", self.tides.clone());
        registry.register("feed_readers", "Readers of the feed now", self.readers.clone());
        registry.register("feed_ends", "Readers that left, by reason", self.left.clone());
        registry.register("feed_changes", "Changes in the feed", self.changes.clone());
        let help = "Calls to Redis that failed";
        registry.register("redis_failures", help, self.redis_failures.clone());
        let help = "Connections to the database";
        registry.register("database_connections", help, self.connections.clone());
        let help = "Connections to the database that nobody uses";
        registry.register("database_connections_idle", help, self.idle.clone());
        registry.register("tasks", "Tasks alive in the runtime", self.tasks.clone());
    }

    /// An answer to a request. Methods that HTTP does not have are counted as one.
    pub fn request(&self, method: &str, route: &str, status: u16, duration: Duration) {
        const METHODS: [&str; 7] = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];
        let method = if METHODS.contains(&method) { method } else { "other" };
        let (method, route) = (method.to_string(), route.to_string());
        self.requests.get_or_create(&Request { method, route, status }).inc();
        self.seconds.observe(duration.as_secs_f64());
    }

    /// A booking that was made, cancelled, found again or refused.
    pub fn booking(&self, outcome: &'static str) {
        self.bookings.get_or_create(&Outcome { outcome }).inc();
    }

    /// A board was given out, from `redis`, `memory` or `database`.
    pub fn board(&self, source: &'static str) {
        self.boards.get_or_create(&Board { source }).inc();
    }

    pub fn tide(&self, outcome: &'static str) {
        self.tides.get_or_create(&Outcome { outcome }).inc();
    }

    /// A reader of the feed has left.
    pub fn left(&self, outcome: &'static str) {
        self.left.get_or_create(&Outcome { outcome }).inc();
    }

    /// The text, with what is measured now.
    pub fn text(&self, (connections, idle): (u32, usize)) -> String {
        self.connections.set(connections.into());
        self.idle.set(idle.try_into().unwrap_or(i64::MAX));
        let tasks = Handle::current().metrics().num_alive_tasks();
        self.tasks.set(tasks.try_into().unwrap_or(i64::MAX));
        let mut text = String::new();
        encode(&mut text, &self.registry).expect("a string takes all text");
        text
    }
}
