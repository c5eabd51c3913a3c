//! Feeds: what is published goes to all who listen.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::broadcast::{Receiver, Sender, channel};

/// How many messages wait for a slow listener.
const WAITING: usize = 1_024;

/// A cheap clone names the same feeds.
#[derive(Clone, Default)]
pub(crate) struct Feeds {
    senders: Arc<Mutex<HashMap<String, Sender<String>>>>,
}

impl Feeds {
    pub(crate) fn listen(&self, feed: String) -> Receiver<String> {
        let mut senders = self.senders.lock().unwrap_or_else(PoisonError::into_inner);
        senders.retain(|_, sender| sender.receiver_count() > 0);
        senders.entry(feed).or_insert_with(|| channel(WAITING).0).subscribe()
    }

    /// Returns how many listen.
    pub(crate) fn publish(&self, feed: &str, message: String) -> usize {
        let senders = self.senders.lock().unwrap_or_else(PoisonError::into_inner);
        senders.get(feed).and_then(|sender| sender.send(message).ok()).unwrap_or(0)
    }
}
