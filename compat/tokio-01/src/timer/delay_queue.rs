//! Values that come at their own times.

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

use futures::{Async, Future, Poll, Stream, try_ready};

use super::{Delay, Error, after};

/// A stream of values. Each value comes when its time is up.
///
/// A queue that is empty gives `None`, and may be filled and polled again.
///
/// ```
/// use std::time::Duration;
/// use futures::Stream;
/// use tokio::timer::DelayQueue;
///
/// let mut queue = DelayQueue::new();
/// queue.insert("second", Duration::from_millis(4));
/// queue.insert("first", Duration::from_millis(2));
/// let dropped = queue.insert("never", Duration::from_secs(3600));
/// assert_eq!(queue.remove(&dropped).into_inner(), "never");
///
/// let came = queue.wait().map(|expired| expired.unwrap().into_inner());
/// assert_eq!(came.collect::<Vec<_>>(), ["first", "second"]);
/// ```
#[derive(Debug)]
pub struct DelayQueue<T> {
    values: HashMap<Key, Waiting<T>>,
    /// The keys in the order of their times; for equal times, in that of insertion.
    order: BTreeSet<(Instant, Key)>,
    /// The next key.
    next: u64,
    /// Until the first of the times; made when somebody waits.
    delay: Option<Delay>,
}

#[derive(Debug)]
struct Waiting<T> {
    value: T,
    when: Instant,
}

impl<T> DelayQueue<T> {
    /// An empty queue.
    pub fn new() -> Self {
        Self::with_capacity(0)
    }

    /// An empty queue with room for `capacity` values.
    pub fn with_capacity(capacity: usize) -> Self {
        let values = HashMap::with_capacity(capacity);
        Self { values, order: BTreeSet::new(), next: 0, delay: None }
    }

    /// Puts in a value that comes at `when`.
    pub fn insert_at(&mut self, value: T, when: Instant) -> Key {
        let key = Key(self.next);
        self.next += 1;
        self.values.insert(key.clone(), Waiting { value, when });
        self.order.insert((when, key.clone()));
        self.follow();
        key
    }

    /// Puts in a value that comes after `timeout`.
    pub fn insert(&mut self, value: T, timeout: Duration) -> Key {
        self.insert_at(value, after(timeout))
    }

    /// Takes a value out before its time.
    ///
    /// # Panics
    ///
    /// If the value has come already, or was taken out.
    pub fn remove(&mut self, key: &Key) -> Expired<T> {
        let Some(Waiting { value, when }) = self.values.remove(key) else { unknown(key) };
        self.order.remove(&(when, key.clone()));
        self.follow();
        Expired { value }
    }

    /// Has a value come at `when` instead.
    ///
    /// # Panics
    ///
    /// If the value has come already, or was taken out.
    pub fn reset_at(&mut self, key: &Key, when: Instant) {
        let Some(waiting) = self.values.get_mut(key) else { unknown(key) };
        let before = std::mem::replace(&mut waiting.when, when);
        self.order.remove(&(before, key.clone()));
        self.order.insert((when, key.clone()));
        self.follow();
    }

    /// Has a value come after `timeout` instead.
    ///
    /// # Panics
    ///
    /// If the value has come already, or was taken out.
    pub fn reset(&mut self, key: &Key, timeout: Duration) {
        self.reset_at(key, after(timeout));
    }

    /// Drops all values.
    pub fn clear(&mut self) {
        self.values.clear();
        self.order.clear();
        self.follow();
    }

    /// How many values there is room for without an allocation.
    pub fn capacity(&self) -> usize {
        self.values.capacity()
    }

    /// Makes room for `additional` values more.
    pub fn reserve(&mut self, additional: usize) {
        self.values.reserve(additional);
    }

    /// Whether there is no value.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Has a task that waits wait for what is the first time now. If the queue has become empty it
    /// is woken at the time that was the first, to see that.
    fn follow(&mut self) {
        if let (Some(delay), Some((first, _))) = (&mut self.delay, self.order.first())
            && delay.deadline() != *first
        {
            delay.reset(*first);
        }
    }
}

fn unknown(key: &Key) -> ! {
    panic!("the delay queue has no value with the key {}: it has come, or was taken out", key.0)
}

impl<T> Default for DelayQueue<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Stream for DelayQueue<T> {
    type Item = Expired<T>;
    type Error = Error;

    fn poll(&mut self) -> Poll<Option<Expired<T>>, Error> {
        let Some((first, _)) = self.order.first() else {
            self.delay = None;
            return Ok(Async::Ready(None));
        };
        let delay = self.delay.get_or_insert_with(|| Delay::new(*first));
        try_ready!(delay.poll());
        let value = self.order.pop_first().and_then(|(_, key)| self.values.remove(&key));
        self.follow();
        Ok(Async::Ready(value.map(|Waiting { value, .. }| Expired { value })))
    }
}

/// Names a value of a [`DelayQueue`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(u64);

/// A value that has come, or was taken out.
#[derive(Debug)]
pub struct Expired<T> {
    value: T,
}

impl<T> Expired<T> {
    /// The value.
    pub fn get_ref(&self) -> &T {
        &self.value
    }

    /// The value.
    pub fn get_mut(&mut self) -> &mut T {
        &mut self.value
    }

    /// The value.
    pub fn into_inner(self) -> T {
        self.value
    }
}
