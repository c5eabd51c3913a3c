//! Signals by number.

use std::future::{Future, poll_fn};
use std::io;
use std::os::raw::c_int;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::arrivals::Arrivals;
use crate::runtime::context;
use crate::sync::Arc;

/// Which signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SignalKind(c_int);

/// Makes a constant function for each signal.
macro_rules! kinds {
    ($($name:ident: $signal:ident, $sent:literal, $default:literal;)*) => {$(
        #[doc = concat!("`", stringify!($signal), "`: ", $sent, ". By default it ", $default, ".")]
        pub const fn $name() -> Self {
            Self(libc::$signal)
        }
    )*};
}

impl SignalKind {
    kinds! {
        alarm: SIGALRM, "a timer of the process has expired", "ends the process";
        child: SIGCHLD, "a child has ended, stopped or continued", "does nothing";
        hangup: SIGHUP, "the terminal is gone", "ends the process";
        interrupt: SIGINT, "Ctrl-C was pressed", "ends the process";
        io: SIGIO, "a descriptor is ready", "ends the process on Linux and does nothing elsewhere";
        pipe: SIGPIPE, "the process wrote to a pipe without readers", "ends the process, but Rust \
            ignores it";
        quit: SIGQUIT, "the terminal's key for it was pressed", "ends the process with a core dump";
        terminate: SIGTERM, "the process is to end", "ends the process";
        user_defined1: SIGUSR1, "whatever the sender means by it", "ends the process";
        user_defined2: SIGUSR2, "whatever the sender means by it", "ends the process";
        window_change: SIGWINCH, "the terminal's size has changed", "does nothing";
    }

    /// The signal with this number. Whether there is such a signal shows when it is listened for.
    pub const fn from_raw(signum: c_int) -> Self {
        Self(signum)
    }

    /// The number of the signal.
    pub const fn as_raw_value(&self) -> c_int {
        self.0
    }
}

impl From<c_int> for SignalKind {
    fn from(signum: c_int) -> Self {
        Self::from_raw(signum)
    }
}

impl From<SignalKind> for c_int {
    fn from(kind: SignalKind) -> Self {
        kind.as_raw_value()
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod bsd {
    impl super::SignalKind {
        kinds! {
            info: SIGINFO, "somebody asks how the process is getting on", "does nothing";
        }
    }
}

/// Listens for a signal.
///
/// The system and this listener merge arrivals: one [`recv`](Self::recv) stands for all that have
/// come since the last one, or since the listener was made. Each listener for a signal hears of
/// every arrival. Dropping it leaves the signal [handled](super#the-handler-stays).
///
/// A listener may go from one runtime to another and outlives both. One from before a fork hears
/// nothing in the child, where it is only good for being dropped; make another one there.
#[must_use = "it only listens when it is polled"]
pub struct Signal {
    kind: SignalKind,
    arrivals: Arc<Arrivals>,
    /// The count that was seen last.
    seen: u64,
    /// The wait that is under way.
    wait: Option<Wait>,
}

type Wait = Pin<Box<dyn Future<Output = io::Result<()>> + Send + Sync>>;

/// Listens for the signal `kind`, from now on.
///
/// Any number of listeners for one signal together need two descriptors.
///
/// # Errors
///
/// If there is no such signal, or it is one that cannot be handled: `SIGKILL`, `SIGSTOP`, `SIGILL`,
/// `SIGFPE` or `SIGSEGV`. If there is no descriptor left. `Unsupported` on a simulated host, which
/// gets no signals.
///
/// # Examples
///
/// ```
/// use minato::signal::unix::{SignalKind, signal};
///
/// # fn main() -> std::io::Result<()> {
/// let mut hangups = signal(SignalKind::hangup())?;
/// # std::process::Command::new("kill").args(["-HUP", &std::process::id().to_string()]).status()?;
/// pollster::block_on(hangups.recv());
/// println!("reading the configuration again");
/// # Ok(())
/// # }
/// ```
pub fn signal(kind: SignalKind) -> io::Result<Signal> {
    let SignalKind(number) = kind;
    if let Some(host) = context::host() {
        let text =
            format!("signal {number} cannot reach the simulated host {}", host.host().name());
        return Err(io::Error::new(io::ErrorKind::Unsupported, text));
    }
    if number <= 0 || signal_hook_registry::FORBIDDEN.contains(&number) {
        return Err(io::Error::other(format!("signal {number} cannot be listened for")));
    }
    let arrivals = Arrivals::with_handler(number).map_err(|error| match error.kind() {
        io::ErrorKind::InvalidInput => io::Error::other(format!("there is no signal {number}")),
        _ => error,
    })?;
    let seen = arrivals.count();
    Ok(Signal { kind, arrivals, seen, wait: None })
}

impl Signal {
    /// Waits until the signal has arrived since the last call.
    ///
    /// `None` if it cannot be waited for: the hidden thread that would be needed is
    /// [forbidden](crate::runtime::forbid_implicit), or the listener is from before a fork.
    ///
    /// # Cancel safety
    ///
    /// No arrival is lost by dropping the future.
    pub async fn recv(&mut self) -> Option<()> {
        poll_fn(|cx| self.poll_recv(cx)).await
    }

    /// Ready when the signal has arrived since it was last ready; as [`recv`](Self::recv).
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<()>> {
        self.poll_arrival(cx).map(Result::ok)
    }

    pub(super) fn poll_arrival(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.arrivals.check_fork()?;
        let mut waited = Poll::Ready(Ok(()));
        loop {
            let count = self.arrivals.count();
            if count != self.seen {
                (self.seen, self.wait) = (count, None);
                return Poll::Ready(Ok(()));
            }
            match waited {
                Poll::Ready(Ok(())) => {}
                other => return other,
            }
            let wait = self.wait.get_or_insert_with(|| {
                let arrivals = self.arrivals.clone();
                Box::pin(async move { arrivals.wait().await })
            });
            waited = wait.as_mut().poll(cx);
            if waited.is_ready() {
                self.wait = None;
            }
        }
    }
}

crate::debug::opaque!(Signal, |it| kind: it.kind);
