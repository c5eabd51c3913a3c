//! Values that a future carries along: [`LocalKey`] and `task_local!`.
//!
//! The value lies in the future that has the scope. While that is polled, it changes places with
//! what is in a thread-local, where everything that is called finds it.

use std::cell::RefCell;
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::marker::PhantomPinned;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::thread;

use pin_project_lite::pin_project;

use crate::panics::Finally;

/// Declares keys for values that are local to a task, each a [`LocalKey`](crate::task::LocalKey).
///
/// ```
/// minato::task_local! {
///     /// Who asks.
///     pub static USER: String;
///     static ATTEMPT: u32;
/// }
///
/// let inner = ATTEMPT.scope(3, async { format!("{} {}", USER.get(), ATTEMPT.get()) });
/// assert_eq!(pollster::block_on(USER.scope("ada".to_owned(), inner)), "ada 3");
/// ```
#[macro_export]
macro_rules! task_local {
    ($($(#[$attribute:meta])* $visible:vis static $name:ident: $type:ty);* $(;)?) => {$(
        $(#[$attribute])*
        $visible static $name: $crate::task::LocalKey<$type> = $crate::task::LocalKey {
            inner: {
                ::std::thread_local! {
                    static VALUE: ::std::cell::RefCell<::std::option::Option<$type>> =
                        const { ::std::cell::RefCell::new(::std::option::Option::None) };
                }
                VALUE
            },
        };
    )*};
}

/// A key for a value that is local to a task, declared by [`task_local!`](crate::task_local).
///
/// It has a value only within a [`scope`](Self::scope) of its own, or a
/// [`sync_scope`](Self::sync_scope). A task that is spawned within a scope is outside of it. Scopes
/// nest: the innermost counts, and when it ends the value of the one around it is back. It works on
/// every executor.
pub struct LocalKey<T: 'static> {
    /// For `task_local!` to fill in.
    #[doc(hidden)]
    pub inner: thread::LocalKey<RefCell<Option<T>>>,
}

impl<T: 'static> LocalKey<T> {
    /// The future `future`, with this key set to `value` whenever it is polled, and while it is
    /// dropped.
    ///
    /// # Panics
    ///
    /// The future panics when it is polled within [`with`](Self::with) of the same key, or after it
    /// was ready.
    ///
    /// # Examples
    ///
    /// ```
    /// minato::task_local!(static NUMBER: u32);
    ///
    /// let task = minato::spawn(NUMBER.scope(1, async { NUMBER.get() }));
    /// assert_eq!(pollster::block_on(task).unwrap(), 1);
    /// assert!(NUMBER.try_get().is_err());
    /// ```
    pub fn scope<F: Future>(&'static self, value: T, future: F) -> TaskLocalFuture<T, F> {
        TaskLocalFuture {
            key: self,
            value: Some(value),
            future: Some(future),
            pinned: PhantomPinned,
        }
    }

    /// Calls `code` with this key set to `value`.
    ///
    /// # Panics
    ///
    /// Within [`with`](Self::with) of the same key, and when the thread's locals are gone.
    ///
    /// # Examples
    ///
    /// ```
    /// minato::task_local!(static NUMBER: u32);
    ///
    /// let seen = NUMBER.sync_scope(1, || NUMBER.sync_scope(2, || NUMBER.get()) + NUMBER.get());
    /// assert_eq!(seen, 3);
    /// ```
    #[track_caller]
    pub fn sync_scope<F, R>(&'static self, value: T, code: F) -> R
    where
        F: FnOnce() -> R,
    {
        match self.within(&mut Some(value), code) {
            Ok(output) => output,
            Err(refused) => panic!("{refused}"),
        }
    }

    /// Calls `code` with the value.
    ///
    /// # Panics
    ///
    /// Outside a scope of this key.
    #[track_caller]
    pub fn with<F, R>(&'static self, code: F) -> R
    where
        F: FnOnce(&T) -> R,
    {
        match self.try_with(code) {
            Ok(output) => output,
            Err(_) => panic!("a task-local value was asked for outside a scope that sets it"),
        }
    }

    /// Calls `code` with the value.
    ///
    /// # Errors
    ///
    /// Outside a scope of this key; `code` is not called then.
    pub fn try_with<F, R>(&'static self, code: F) -> Result<R, AccessError>
    where
        F: FnOnce(&T) -> R,
    {
        // Nothing foreign runs while a thread changes the place, so it can be borrowed.
        let output = self.inner.try_with(|place| place.borrow().as_ref().map(code));
        output.ok().flatten().ok_or(AccessError { _private: () })
    }

    /// Calls `code` while what is in `slot` has changed places with what the key had. The error
    /// says why no scope can begin here.
    fn within<R>(
        &'static self,
        slot: &mut Option<T>,
        code: impl FnOnce() -> R,
    ) -> Result<R, &'static str> {
        self.exchange(slot)?;
        // As it worked before, it works again: `code` has returned all that it borrowed.
        let _back = Finally(|| _ = self.exchange(slot));
        Ok(code())
    }

    fn exchange(&'static self, slot: &mut Option<T>) -> Result<(), &'static str> {
        let exchanged = self.inner.try_with(|place| {
            let place = place.try_borrow_mut();
            let mut place = place
                .map_err(|_| "a task-local scope cannot begin within `with` of its own key")?;
            mem::swap(&mut *place, slot);
            Ok(())
        });
        exchanged
            .unwrap_or(Err("a task-local scope cannot begin after the thread's locals are gone"))
    }
}

impl<T: Clone + 'static> LocalKey<T> {
    /// A clone of the value.
    ///
    /// # Panics
    ///
    /// Outside a scope of this key.
    #[track_caller]
    pub fn get(&'static self) -> T {
        self.with(T::clone)
    }

    /// A clone of the value.
    ///
    /// # Errors
    ///
    /// Outside a scope of this key.
    pub fn try_get(&'static self) -> Result<T, AccessError> {
        self.try_with(T::clone)
    }
}

impl<T: 'static> fmt::Debug for LocalKey<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LocalKey { .. }")
    }
}

pin_project! {
    /// A future within the scope of a [`LocalKey`]; see [`LocalKey::scope`].
    pub struct TaskLocalFuture<T: 'static, F> {
        key: &'static LocalKey<T>,
        // The value, except during a poll.
        value: Option<T>,
        // The future, until it is ready.
        #[pin]
        future: Option<F>,
        // Leaves room to borrow from it later.
        #[pin]
        pinned: PhantomPinned,
    }

    impl<T: 'static, F> PinnedDrop for TaskLocalFuture<T, F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if mem::needs_drop::<F>() && this.future.is_some() {
                // If no scope can begin, it is dropped outside of one, with the other fields.
                _ = this.key.within(this.value, || this.future.set(None));
            }
        }
    }
}

impl<T: 'static, F> TaskLocalFuture<T, F> {
    /// Takes the value out. From then on the future is polled without it.
    ///
    /// # Examples
    ///
    /// ```
    /// minato::task_local!(static NUMBER: u32);
    ///
    /// let mut future = Box::pin(NUMBER.scope(1, async { NUMBER.try_get().is_err() }));
    /// assert_eq!(future.as_mut().take_value(), Some(1));
    /// assert_eq!(future.as_mut().take_value(), None);
    /// assert!(pollster::block_on(future));
    /// ```
    pub fn take_value(self: Pin<&mut Self>) -> Option<T> {
        self.project().value.take()
    }
}

impl<T: 'static, F: Future> Future for TaskLocalFuture<T, F> {
    type Output = F::Output;

    #[track_caller]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        let polled = this.key.within(this.value, || {
            let polled = this.future.as_mut().as_pin_mut()?.poll(cx);
            if polled.is_ready() {
                // Its destructor may ask for the value too.
                this.future.set(None);
            }
            Some(polled)
        });
        match polled {
            Ok(Some(polled)) => polled,
            Ok(None) => panic!("TaskLocalFuture polled after it was ready"),
            Err(refused) => panic!("{refused}"),
        }
    }
}

impl<T: fmt::Debug + 'static, F> fmt::Debug for TaskLocalFuture<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value: &dyn fmt::Debug = match &self.value {
            Some(value) => value,
            None => &format_args!("<missing>"),
        };
        f.debug_struct("TaskLocalFuture").field("value", value).finish()
    }
}

/// A [`LocalKey`] was asked for its value outside every scope of its own.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct AccessError {
    _private: (),
}

impl fmt::Debug for AccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessError").finish()
    }
}

impl fmt::Display for AccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the task-local value is not set here")
    }
}

impl Error for AccessError {}
