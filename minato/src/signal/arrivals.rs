//! How the arrivals of a signal get from its handler to the listeners.
//!
//! A handler may do next to nothing. This one adds to a count, and then writes a byte into a
//! socket. All listeners for the signal wait for the other end of that socket, and compare the
//! count with what it was when they last looked.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::os::raw::c_int;
use std::os::unix::net::UnixStream;

use crate::engine::Interest;
use crate::net::AsyncFd;
use crate::reactor::process::{PerProcess, forks, has_forked_since};
use crate::sync::Arc;
use crate::sync::plain::{AtomicU64, Ordering};

/// The arrivals of one signal.
pub(super) struct Arrivals {
    handled: Arc<Handled>,
    /// Readable after each arrival.
    news: AsyncFd<UnixStream>,
}

/// What the handler uses.
struct Handled {
    count: AtomicU64,
    news: UnixStream,
    /// The number of forks. A forked child has the handler too, and shares the socket.
    forks: u32,
}

/// Those that have handlers, by the number of the signal.
static HANDLED: PerProcess<BTreeMap<c_int, Arc<Arrivals>>> = PerProcess::new(BTreeMap::new());

impl Arrivals {
    /// Those of the signal with this number, for which the handler is set up if it is not.
    pub(super) fn with_handler(signal: c_int) -> io::Result<Arc<Self>> {
        let mut handled = HANDLED.lock();
        if let Some(arrivals) = handled.get(&signal) {
            return Ok(arrivals.clone());
        }
        let arrivals = Arc::new(Self::new(signal)?);
        handled.insert(signal, arrivals.clone());
        Ok(arrivals)
    }

    fn new(signal: c_int) -> io::Result<Self> {
        let (reader, writer) = UnixStream::pair()?;
        reader.set_nonblocking(true)?;
        writer.set_nonblocking(true)?;
        let news = AsyncFd::from_owner_with_interest(reader, Interest::READABLE)?;
        let count = AtomicU64::new(0);
        let handled = Arc::new(Handled { count, news: writer, forks: forks() });
        let notes = handled.clone();
        // SAFETY: the action changes an atomic and makes a system call that handlers may make. It
        // takes no lock, allocates nothing, and does not panic.
        unsafe { signal_hook_registry::register(signal, move || notes.note()) }?;
        Ok(Self { handled, news })
    }

    /// How many there have been.
    pub(super) fn count(&self) -> u64 {
        self.handled.count.load(Ordering::SeqCst)
    }

    /// An error in a forked child, which would take the news from its parent.
    pub(super) fn check_fork(&self) -> io::Result<()> {
        if self.handled.is_here() {
            return Ok(());
        }
        Err(io::Error::other("a listener for a signal hears nothing after a fork"))
    }

    /// Waits until the count has changed, or perhaps has. Look at it after each poll too: another
    /// listener may have taken the news.
    pub(super) async fn wait(&self) -> io::Result<()> {
        let read = |mut news: &UnixStream| news.read(&mut [0; 64]);
        self.news.async_io(Interest::READABLE, read).await.map(|_| ())
    }
}

impl Handled {
    /// Whether this process is the one that set the handler up, and not a forked child.
    fn is_here(&self) -> bool {
        !has_forked_since(self.forks)
    }

    /// Called by the handler.
    fn note(&self) {
        if self.is_here() {
            self.count.fetch_add(1, Ordering::SeqCst);
            // If there is no room, there are news that nobody has taken yet.
            _ = (&self.news).write(&[0]);
        }
    }
}
