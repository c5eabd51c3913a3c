//! What threads are in while they work for a runtime, besides the runtime: that of another library.

use std::io;

use crate::engine::Engine;
use crate::panics::contain;
use crate::sync::{Arc, Mutex};

/// What a thread enters while it works for a runtime; see [`Builder::on_enter`].
///
/// A closure that returns a guard is one. A type of one's own can give guards that borrow from it,
/// and can refuse an engine.
///
/// [`Builder::on_enter`]: super::Builder::on_enter
pub trait Enter: Send + Sync + 'static {
    /// Enters it on this thread, until what is returned is dropped there.
    fn enter(&self) -> impl Sized + '_;

    /// Asked when a runtime with this engine is built.
    ///
    /// # Errors
    ///
    /// When it cannot be entered in such a runtime; building the runtime gives this error. By
    /// default there is none.
    fn check(&self, _engine: &Engine) -> io::Result<()> {
        Ok(())
    }
}

impl<F: Fn() -> G + Send + Sync + 'static, G: 'static> Enter for F {
    fn enter(&self) -> impl Sized + '_ {
        self()
    }
}

/// The same for values of any such type.
pub(super) trait AnyEnter: Send + Sync {
    fn guard(&self) -> Box<dyn Guard + '_>;
    fn check(&self, engine: &Engine) -> io::Result<()>;
}

/// A value that is only there to be dropped.
pub(super) trait Guard {}

impl<T> Guard for T {}

impl<T: Enter> AnyEnter for T {
    fn guard(&self) -> Box<dyn Guard + '_> {
        Box::new(self.enter())
    }

    fn check(&self, engine: &Engine) -> io::Result<()> {
        Enter::check(self, engine)
    }
}

/// All that a runtime's threads enter, until the runtime has ended. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Entries(Option<Arc<Mutex<List>>>);

type List = Vec<Arc<dyn AnyEnter>>;

impl Entries {
    pub(super) fn new(entries: &List) -> Self {
        Self((!entries.is_empty()).then(|| Arc::new(Mutex::new(entries.to_vec()))))
    }

    /// Calls `work` while this thread is in all of them.
    #[inline]
    pub(crate) fn within<T>(&self, work: impl FnOnce() -> T) -> T {
        let Some(entries) = &self.0 else { return work() };
        let entries = entries.lock().clone();
        let mut guards = Guards(Vec::new());
        guards.0.extend(entries.iter().filter_map(|entry| contain(|| entry.guard()).ok()));
        work()
    }

    /// Lets them go, since the runtime has ended.
    pub(super) fn release(&self) {
        let entries = self.0.as_ref().map(|entries| std::mem::take(&mut *entries.lock()));
        entries.into_iter().flatten().for_each(|entry| _ = contain(|| drop(entry)));
    }
}

/// Drops the last guard first.
struct Guards<'a>(Vec<Box<dyn Guard + 'a>>);

impl Drop for Guards<'_> {
    fn drop(&mut self) {
        while let Some(guard) = self.0.pop() {
            _ = contain(|| drop(guard));
        }
    }
}
