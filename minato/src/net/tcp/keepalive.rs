//! How idle connections are probed.

use std::time::Duration;

/// How an idle TCP connection is probed, so that a peer that is gone is noticed.
///
/// What is not set keeps the system's default.
///
/// ```
/// use minato::net::tcp::TcpKeepalive;
/// use std::time::Duration;
///
/// let probing = TcpKeepalive::new().with_time(Duration::from_secs(60)).with_retries(5);
/// assert_eq!(probing.time(), Some(Duration::from_secs(60)));
/// assert_eq!(probing.interval(), None);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TcpKeepalive {
    time: Option<Duration>,
    interval: Option<Duration>,
    retries: Option<u32>,
}

impl TcpKeepalive {
    /// The system's defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// How long a connection is idle before the first probe: at least a second, and a
    /// part of a second is left off.
    #[must_use]
    pub fn with_time(mut self, time: Duration) -> Self {
        self.time = Some(time);
        self
    }

    /// How long after one probe the next is sent: at least a second, and a part of
    /// a second is left off.
    #[must_use]
    pub fn with_interval(mut self, interval: Duration) -> Self {
        self.interval = Some(interval);
        self
    }

    /// After how many unanswered probes the connection is given up.
    #[must_use]
    pub fn with_retries(mut self, retries: u32) -> Self {
        self.retries = Some(retries);
        self
    }

    /// What [`with_time`](Self::with_time) set.
    pub fn time(&self) -> Option<Duration> {
        self.time
    }

    /// What [`with_interval`](Self::with_interval) set.
    pub fn interval(&self) -> Option<Duration> {
        self.interval
    }

    /// What [`with_retries`](Self::with_retries) set.
    pub fn retries(&self) -> Option<u32> {
        self.retries
    }
}
