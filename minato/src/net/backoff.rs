//! Pauses for what has no event at its end, and what a listener's stream does about errors that
//! pass.

use std::future::poll_fn;
use std::io;
use std::panic::Location;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use crate::time::timer::Timer;

/// The first pause after the process ran out of descriptors or memory, and the longest.
const SHORTAGE: Pauses = Pauses::between(Duration::from_millis(5), Duration::from_secs(1));

/// The lengths of pauses, each twice the one before.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pauses {
    next: Duration,
    longest: Duration,
}

impl Pauses {
    const fn between(first: Duration, longest: Duration) -> Self {
        Self { next: first, longest }
    }

    pub(super) fn next(&mut self) -> Duration {
        let this = self.next;
        self.next = (this * 2).min(self.longest);
        this
    }
}

impl Default for Pauses {
    /// Pauses for what takes a moment and has no event at its end.
    fn default() -> Self {
        Self::between(Duration::from_millis(1), Duration::from_millis(16))
    }
}

/// The state between two accepts: whether a pause is under way, and how long the next one is.
#[derive(Debug)]
pub(super) struct Backoff {
    /// Where the program made the listener.
    place: &'static Location<'static>,
    pause: Option<Timer>,
    pauses: Pauses,
}

impl Backoff {
    pub(super) fn new(place: &'static Location<'static>) -> Self {
        Self { place, pause: None, pauses: SHORTAGE }
    }

    /// Polls `accept` until it gives a connection or an error that does not pass: skips what one
    /// connection died of, and pauses while the process is short of something.
    pub(super) fn poll<T>(
        &mut self,
        cx: &mut Context<'_>,
        mut accept: impl FnMut(&mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        loop {
            if let Some(pause) = &mut self.pause {
                ready!(pause.try_poll(cx))?;
                self.pause = None;
            }
            match ready!(accept(cx)) {
                Ok(accepted) => {
                    self.pauses = SHORTAGE;
                    return Poll::Ready(Ok(accepted));
                }
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) if is_shortage(&error) => {
                    self.pause = Some(Timer::after(self.pauses.next()).made_at(self.place));
                }
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

/// A pause of what the program made at `place`, for what has no event at its end.
///
/// # Errors
///
/// When it would need a hidden thread that cannot be started or is forbidden.
pub(super) async fn pause(duration: Duration, place: &'static Location<'static>) -> io::Result<()> {
    let mut timer = Timer::after(duration).made_at(place);
    poll_fn(|cx| timer.try_poll(cx)).await
}

/// Errors that concern the one connection that was to be accepted, and not the next.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(
            libc::ECONNABORTED
                | libc::ECONNRESET
                | libc::EPROTO
                | libc::ENETDOWN
                | libc::EHOSTDOWN
                | libc::EHOSTUNREACH
                | libc::ENETUNREACH
                | libc::ENOPROTOOPT
                | libc::EOPNOTSUPP
        )
    )
}

/// Errors that pass when something is given back.
fn is_shortage(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE | libc::ENOBUFS | libc::ENOMEM))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::Builder;
    use crate::time::Instant;

    /// Polls with each of `results` in turn, under a clock that jumps over pauses; gives the
    /// outcome, how often it was tried, and how much time passed.
    fn run(results: &[Result<u32, i32>]) -> (io::Result<u32>, usize, Duration) {
        let runtime = Builder::new_current_thread().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let (start, mut tried) = (Instant::now(), 0);
            let mut backoff = Backoff::new(Location::caller());
            let outcome = poll_fn(|cx| {
                backoff.poll(cx, |_| {
                    tried += 1;
                    Poll::Ready(results[tried - 1].map_err(io::Error::from_raw_os_error))
                })
            });
            (outcome.await, tried, start.elapsed())
        })
    }

    #[test]
    fn a_connection_that_was_given_up_is_skipped_at_once() {
        let (outcome, tried, passed) = run(&[Err(libc::ECONNABORTED), Err(libc::EPROTO), Ok(7)]);
        assert_eq!((outcome.unwrap(), tried, passed), (7, 3, Duration::ZERO));
    }

    #[test]
    fn a_shortage_is_waited_out_ever_longer() {
        let (outcome, tried, passed) = run(&[Err(libc::EMFILE), Err(libc::ENFILE), Ok(7)]);
        assert_eq!((outcome.unwrap(), tried, passed), (7, 3, Duration::from_millis(15)));
        let mut results = vec![Err(libc::ENOMEM); 20];
        results.push(Ok(1));
        let (_, _, passed) = run(&results);
        // 5, 10, 20 and so on to 640 ms, then a second each.
        assert_eq!(passed, Duration::from_millis(5 * 255 + 12 * 1000));
    }

    #[test]
    fn an_error_of_the_listener_comes_out() {
        let (outcome, tried, _) = run(&[Err(libc::EBADF), Ok(7)]);
        assert_eq!((outcome.unwrap_err().raw_os_error(), tried), (Some(libc::EBADF), 1));
    }
}
