//! Keys, values, and when they expire.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

/// A cheap clone names the same values.
#[derive(Clone, Default)]
pub(crate) struct Store {
    shared: Arc<(Mutex<Entries>, Notify)>,
}

#[derive(Default)]
struct Entries {
    values: HashMap<String, (String, Option<Instant>)>,
    deadlines: BTreeSet<(Instant, String)>,
}

impl Store {
    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.shared.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn get(&self, key: &str) -> Option<String> {
        let entries = self.lock();
        let (value, deadline) = entries.values.get(key)?;
        deadline.is_none_or(|at| Instant::now() < at).then(|| value.clone())
    }

    pub(crate) fn set(&self, key: String, value: String, lifetime: Option<Duration>) {
        let deadline = lifetime.map(|lifetime| Instant::now() + lifetime);
        let mut entries = self.lock();
        entries.deadlines.extend(deadline.map(|at| (at, key.clone())));
        if let Some((_, Some(old))) = entries.values.insert(key.clone(), (value, deadline)) {
            entries.deadlines.remove(&(old, key));
        }
        self.shared.1.notify_one();
    }

    pub(crate) fn delete(&self, key: &str) -> bool {
        self.lock().values.remove(key).is_some()
    }

    /// Removes what has expired, for ever.
    pub(crate) async fn purge(self) {
        loop {
            match self.remove_expired() {
                None => self.shared.1.notified().await,
                Some(next) => tokio::select! {
                    () = sleep_until(next) => {}
                    () = self.shared.1.notified() => {}
                },
            }
        }
    }

    /// Returns when the next value expires.
    fn remove_expired(&self) -> Option<Instant> {
        let mut entries = self.lock();
        while let Some((at, _)) = entries.deadlines.first() {
            if Instant::now() < *at {
                return Some(*at);
            }
            let Some((at, key)) = entries.deadlines.pop_first() else { break };
            if entries.values.get(&key).is_some_and(|(_, deadline)| *deadline == Some(at)) {
                entries.values.remove(&key);
            }
        }
        None
    }
}
