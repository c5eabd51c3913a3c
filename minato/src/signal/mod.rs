//! Signals of the operating system.
//!
//! Listeners work on any thread and any executor. They have no thread of their own: the handler of
//! a signal counts it and writes a byte into a socket, which the listeners wait for like for any
//! other.
//!
//! # The handler stays
//!
//! The first listener for a signal replaces what the signal does by default, for the rest of the
//! process: after the first call of [`ctrl_c`] the terminal's Ctrl-C never ends the process by
//! itself again, whether anybody listens or not. A handler that was there before is still called.
//!
//! # Where signals arrive
//!
//! The system hands a signal to any thread that does not block it. Minato's hidden threads block
//! all of them.

mod arrivals;
pub mod unix;

use std::io;

/// Waits for the next Ctrl-C, which the system sends as `SIGINT`.
///
/// Those from before the first poll do not count. The handler [stays](self#the-handler-stays): to
/// end the process by a second Ctrl-C, listen again.
///
/// # Errors
///
/// As [`unix::signal`], and when it cannot be waited for, because the hidden thread that would be
/// needed is [forbidden](crate::runtime::forbid_implicit).
///
/// # Cancel safety
///
/// A Ctrl-C that comes while the future does not exist is lost. To hear every one of them, keep a
/// [`unix::Signal`].
///
/// # Examples
///
/// ```no_run
/// # pollster::block_on(async {
/// minato::signal::ctrl_c().await?;
/// println!("good-bye");
/// # Ok::<(), std::io::Error>(()) }).unwrap();
/// ```
pub async fn ctrl_c() -> io::Result<()> {
    let mut listener = unix::signal(unix::SignalKind::interrupt())?;
    std::future::poll_fn(|cx| listener.poll_arrival(cx)).await
}
