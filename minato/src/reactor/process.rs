//! What the whole process shares, and a forked child does not.

use crate::sync::plain::{AtomicU32, Ordering};
use crate::sync::{Arc, Weak};
use std::sync::{Mutex, MutexGuard, Once, OnceLock, PoisonError};

static FORKS: AtomicU32 = AtomicU32::new(0);

/// How many forks this process is away from the one that first asked.
pub(crate) fn forks() -> u32 {
    static COUNTING: Once = Once::new();
    COUNTING.call_once(|| {
        extern "C" fn count() {
            FORKS.fetch_add(1, Ordering::SeqCst);
        }
        // SAFETY: the handler only adds to an atomic, which is safe in a child after `fork`.
        unsafe { libc::pthread_atfork(None, None, Some(count)) };
    });
    FORKS.load(Ordering::SeqCst)
}

/// Whether this process is a forked child of the one in which [`forks`] returned `before`.
#[inline]
pub(crate) fn has_forked_since(before: u32) -> bool {
    // A fork cannot come between: the child begins with the calling thread alone.
    FORKS.load(Ordering::Relaxed) != before
}

/// A lock that each process has for itself.
///
/// A thread that forks may do so while another one holds a lock. In the child that thread does not
/// exist, and the lock is held for ever. So the child does not touch it: it finds a fresh one, with
/// a default value inside. What the parent had put into its own stays there as it is, unused.
pub(crate) struct PerProcess<T: 'static> {
    lock: Mutex<T>,
    /// That of a child.
    next: OnceLock<Box<PerProcess<T>>>,
}

impl<T: Default> PerProcess<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self { lock: Mutex::new(value), next: OnceLock::new() }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        let mut own = self;
        for _ in 0..forks() {
            own = own.next.get_or_init(|| Box::new(Self::new(T::default())));
        }
        own.lock.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What lives of one kind in this process, for those who look at all of it. It keeps nothing alive.
pub(crate) struct Living<T: 'static>(PerProcess<Vec<Weak<T>>>);

impl<T> Living<T> {
    pub(crate) const fn new() -> Self {
        Self(PerProcess::new(Vec::new()))
    }

    pub(crate) fn add(&self, new: &Arc<T>) {
        let mut all = self.0.lock();
        if all.len() == all.capacity() {
            // Those that are gone make room. So the list is at most twice as long as it must be.
            all.retain(|one| one.strong_count() > 0);
            let living = all.len();
            all.reserve(living + 1);
        }
        all.push(Arc::downgrade(new));
    }

    pub(crate) fn all(&self) -> Vec<Arc<T>> {
        self.0.lock().iter().filter_map(Weak::upgrade).collect()
    }
}
