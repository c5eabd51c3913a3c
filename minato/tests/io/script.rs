//! A reader and a writer that do what a script says, and the little executor that polls by hand.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::Future;
use std::io::{self, ErrorKind};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Once};
use std::task::{Context, Poll, Wake, Waker};

use minato::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What one read does.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Gives these bytes, over several reads when the buffer is smaller.
    Data(Vec<u8>),
    /// Wakes the task and returns `Pending`.
    Wait,
    /// Fails.
    Fail(ErrorKind),
}

pub(crate) fn data(bytes: impl AsRef<[u8]>) -> Step {
    Step::Data(bytes.as_ref().to_vec())
}

/// Reads by script, then reports the end of the stream.
#[derive(Debug, Default)]
pub(crate) struct ScriptReader {
    steps: VecDeque<Step>,
    /// How many reads were asked for.
    pub(crate) reads: usize,
}

impl ScriptReader {
    pub(crate) fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        Self { steps: steps.into_iter().collect(), reads: 0 }
    }
}

impl AsyncRead for ScriptReader {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.reads += 1;
        match self.steps.pop_front() {
            None => Poll::Ready(Ok(())),
            Some(Step::Wait) => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Some(Step::Fail(kind)) => Poll::Ready(Err(kind.into())),
            Some(Step::Data(mut bytes)) => {
                let later = bytes.split_off(bytes.len().min(buf.remaining()));
                buf.put_slice(&bytes);
                if !later.is_empty() {
                    self.steps.push_front(Step::Data(later));
                }
                Poll::Ready(Ok(()))
            }
        }
    }
}

/// What one write does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Taking {
    /// Takes up to so many bytes.
    UpTo(usize),
    /// Wakes the task and returns `Pending`.
    Wait,
    /// Fails.
    Fail(ErrorKind),
    /// Takes nothing and claims so many bytes.
    Claim(usize),
}

/// Writes by script, then takes everything; notes all that was asked of it.
#[derive(Debug, Default)]
pub(crate) struct ScriptWriter {
    steps: VecDeque<Taking>,
    pub(crate) vectored: bool,
    pub(crate) taken: Vec<u8>,
    /// The calls that were done, in order: `write 3`, `vectored 7`, `flush`, `shutdown`.
    pub(crate) calls: Vec<String>,
}

impl ScriptWriter {
    pub(crate) fn new(steps: impl IntoIterator<Item = Taking>) -> Self {
        Self { steps: steps.into_iter().collect(), ..Self::default() }
    }

    pub(crate) fn vectored() -> Self {
        Self { vectored: true, ..Self::default() }
    }

    fn take(&mut self, cx: &mut Context<'_>, call: &str, all: &[u8]) -> Poll<io::Result<usize>> {
        let count = match self.steps.pop_front() {
            Some(Taking::Wait) => {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            Some(Taking::Fail(kind)) => return Poll::Ready(Err(kind.into())),
            Some(Taking::Claim(count)) => return Poll::Ready(Ok(count)),
            Some(Taking::UpTo(count)) => count.min(all.len()),
            None => all.len(),
        };
        self.taken.extend_from_slice(&all[..count]);
        self.calls.push(format!("{call} {count}"));
        Poll::Ready(Ok(count))
    }
}

impl AsyncWrite for ScriptWriter {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.take(cx, "write", buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let all: Vec<u8> = bufs.iter().flat_map(|buf| buf.iter().copied()).collect();
        self.take(cx, "vectored", &all)
    }

    fn is_write_vectored(&self) -> bool {
        self.vectored
    }

    fn poll_flush(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.calls.push("flush".to_owned());
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.calls.push("shutdown".to_owned());
        Poll::Ready(Ok(()))
    }
}

/// A waker that counts.
#[derive(Default)]
pub(crate) struct CountingWaker(AtomicUsize);

impl CountingWaker {
    pub(crate) fn pair() -> (Arc<Self>, Waker) {
        let counter = Arc::new(Self::default());
        (counter.clone(), counter.into())
    }

    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Wake for CountingWaker {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// Polls until the future is done, and fails when it waits without having been woken.
pub(crate) fn run<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let (counter, waker) = CountingWaker::pair();
    let mut cx = Context::from_waker(&waker);
    loop {
        let before = counter.count();
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return output;
        }
        assert!(counter.count() > before, "the future waits, and nothing will wake it");
    }
}

/// Polls once, then drops the future.
pub(crate) fn poll_once<F: Future>(future: F) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// What `work` panics with, and the file in which it says that it does.
pub(crate) fn panic_place(work: impl FnOnce()) -> (String, String) {
    thread_local!(static PLACE: RefCell<String> = const { RefCell::new(String::new()) });
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let file = info.location().map_or("", |location| location.file());
            PLACE.with_borrow_mut(|place| file.clone_into(place));
            before(info);
        }));
    });
    let message = panic_message(work);
    (message, PLACE.take())
}

/// What `work` panics with.
pub(crate) fn panic_message(work: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(work)).expect_err("there was no panic");
    match payload.downcast::<String>() {
        Ok(message) => *message,
        Err(other) => (*other.downcast::<&str>().expect("a panic has a message")).to_owned(),
    }
}
