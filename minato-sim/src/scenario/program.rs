//! The programs of hosts, and how they end.

use std::cell::{Cell, RefCell};
use std::fmt::{self, Display};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// What a program or a check may return: nothing, or a `Result` whose error fails the run.
pub trait Ending {
    /// The text of the error, if it ended by one.
    fn failure(self) -> Option<String>;
}

impl Ending for () {
    fn failure(self) -> Option<String> {
        None
    }
}

/// What a program returns that never does, such as an endless loop. The type has no name in stable
/// Rust except as what a function returns.
type Never = <fn() -> ! as Returning>::Output;

#[doc(hidden)]
#[allow(unnameable_types, reason = "only this file uses it")]
pub trait Returning {
    type Output;
}

impl<T> Returning for fn() -> T {
    type Output = T;
}

impl Ending for Never {
    fn failure(self) -> Option<String> {
        self
    }
}

impl<T, E: Display> Ending for Result<T, E> {
    fn failure(self) -> Option<String> {
        self.err().map(|error| error.to_string())
    }
}

type Running = Pin<Box<dyn Future<Output = ()>>>;

/// The program of a host: a future that is made anew by each start. Clones are the same program.
#[derive(Clone)]
pub struct Program {
    make: Rc<RefCell<dyn FnMut() -> Running>>,
}

impl Program {
    pub(super) fn new(make: impl FnMut() -> Running + 'static) -> Self {
        Self { make: Rc::new(RefCell::new(make)) }
    }

    /// Makes the future that a start of the host runs. It is to be called in the host's context.
    pub fn start(&self) -> Pin<Box<dyn Future<Output = ()>>> {
        (self.make.borrow_mut())()
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Program")
    }
}

/// Whose program it is.
#[derive(Clone)]
pub(super) struct Place {
    name: String,
    is_client: bool,
}

impl Place {
    pub(super) fn new(name: &str, is_client: bool) -> Self {
        Self { name: name.to_owned(), is_client }
    }
}

/// How the programs of a run get on.
#[derive(Clone, Default)]
pub(super) struct Status {
    inner: Rc<StatusInner>,
}

#[derive(Default)]
struct StatusInner {
    /// The clients that have not ended.
    clients: RefCell<Vec<String>>,
    failure: RefCell<Option<String>>,
    /// Whether the programs are to end.
    is_over: Cell<bool>,
    /// Who is to be told of that.
    wakers: RefCell<Vec<Waker>>,
}

impl Status {
    pub(super) fn add_client(&self, name: &str) {
        self.inner.clients.borrow_mut().push(name.to_owned());
    }

    /// The clients that have not ended.
    pub(super) fn clients(&self) -> Vec<String> {
        self.inner.clients.borrow().clone()
    }

    pub(super) fn has_clients(&self) -> bool {
        !self.inner.clients.borrow().is_empty()
    }

    /// The error by which a program has ended since this was last asked.
    pub(super) fn failure(&self) -> Option<String> {
        self.inner.failure.take()
    }

    /// Has all programs end: their futures are dropped when their hosts next run.
    pub(super) fn end(&self) {
        self.inner.is_over.set(true);
        self.inner.wakers.take().into_iter().for_each(Waker::wake);
    }

    fn ended(&self, place: &Place, ending: impl Ending) {
        if place.is_client {
            self.inner.clients.borrow_mut().retain(|name| *name != place.name);
        }
        if let Some(error) = ending.failure() {
            let who = if place.is_client { "client" } else { "host" };
            let text = format!("{who} {}: {error}", place.name);
            self.inner.failure.borrow_mut().get_or_insert(text);
        }
    }
}

/// The future of a program, which tells how it ended.
pub(super) fn guarded<F>(program: F, place: &Place, status: &Status) -> Running
where
    F: Future<Output: Ending> + 'static,
{
    let (place, at_end) = (place.clone(), status.clone());
    let running = Box::pin(async move {
        let ending = program.await;
        at_end.ended(&place, ending);
    });
    Box::pin(Guarded { running: Some(running), status: status.clone(), is_known: false })
}

struct Guarded {
    /// `None` when the program is over.
    running: Option<Running>,
    status: Status,
    /// Whether a waker of it is among those that are told of the end.
    is_known: bool,
}

impl Future for Guarded {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.status.inner.is_over.get() {
            self.running = None;
        } else if !self.is_known {
            // The task keeps its waker as long as it lives.
            self.is_known = true;
            self.status.inner.wakers.borrow_mut().push(cx.waker().clone());
        }
        match &mut self.running {
            Some(running) => running.as_mut().poll(cx),
            None => Poll::Ready(()),
        }
    }
}
