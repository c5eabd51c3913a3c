//! The switch between std's and loom's synchronization, and a mutex without poisoning.
//!
//! Everything that takes part in a loom model takes its atomics, locks and cells from here.

#[cfg(minato_loom)]
pub(crate) use loom::cell::UnsafeCell;
#[cfg(minato_loom)]
pub(crate) use loom::sync::{
    Condvar, MutexGuard,
    atomic::{AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering},
};
#[cfg(not(minato_loom))]
pub(crate) use std::sync::{
    Condvar, MutexGuard,
    atomic::{AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering},
};

#[cfg(minato_loom)]
use loom::sync as imp;
#[cfg(not(minato_loom))]
use std::sync as imp;

#[cfg(not(minato_loom))]
pub(crate) use self::cell::UnsafeCell;
pub(crate) use self::order::sequential;

// Loom's `Arc` cannot be the type of a `self`. No model is about the counting of references.
pub(crate) use std::sync::{Arc, Weak};

/// Std's atomics, under loom too: for statics, since loom's cannot be made in a constant, and for
/// what no model is about.
pub(crate) mod plain {
    pub(crate) use std::sync::atomic::{
        AtomicBool, AtomicI32, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering,
    };
}

use std::sync::PoisonError;

/// A mutex that a panic does not poison.
///
/// No code under these locks calls foreign code, so a panic under one can only be ours. An error
/// for every later caller would hang sockets that have nothing to do with it.
#[derive(Debug, Default)]
pub(crate) struct Mutex<T>(imp::Mutex<T>);

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(imp::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn into_inner(self) -> T {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// The lock if nobody holds it.
    pub(crate) fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        match self.0.try_lock() {
            Ok(guard) => Some(guard),
            Err(std::sync::TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(std::sync::TryLockError::WouldBlock) => None,
        }
    }
}

#[cfg(not(minato_loom))]
mod order {
    /// Marks the place between two sequentially consistent accesses whose order matters. The
    /// accesses themselves guarantee it.
    #[inline(always)]
    pub(crate) fn sequential() {}
}

#[cfg(minato_loom)]
mod order {
    /// Loom treats sequentially consistent accesses as acquiring and releasing ones, but it models
    /// the fence, which promises no more than two such accesses do.
    pub(crate) fn sequential() {
        loom::sync::atomic::fence(loom::sync::atomic::Ordering::SeqCst);
    }
}

#[cfg(not(minato_loom))]
mod cell {
    //! Loom's way to write std's `UnsafeCell`.

    /// A place that may be written through a shared reference by a caller that has exclusive
    /// access.
    #[derive(Debug)]
    pub(crate) struct UnsafeCell<T>(std::cell::UnsafeCell<T>);

    impl<T> UnsafeCell<T> {
        pub(crate) const fn new(value: T) -> Self {
            Self(std::cell::UnsafeCell::new(value))
        }

        /// Calls `with` with the address of the value, which loom takes as a write that must
        /// overlap no other access.
        #[inline(always)]
        pub(crate) fn with_mut<R>(&self, with: impl FnOnce(*mut T) -> R) -> R {
            with(self.0.get())
        }
    }
}
