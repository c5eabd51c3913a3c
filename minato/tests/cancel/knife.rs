//! What cuts a future off at a given poll, and runs a scenario once for each of them.
//!
//! A scenario passes futures to [`Knife::cut`]. It is first run with nothing cut off, which counts
//! the polls, and then again and again, cut off once at each of them: right after a poll that was
//! told to wait, and when it is woken for the next one. After every run nothing may be open, and no
//! waker of a future that was dropped or done may have been called any more.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use minato::engine::Engine;
use minato::net::{TcpListener, TcpSocket, TcpStream};
use minato::runtime::{Builder, Runtime};
use minato::sim::World;

use crate::kit::counting::Counting;
use crate::kit::{Place, tally, watchdog};

/// How often a future's waker may be called after its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Late {
    /// An `async fn` of a socket takes its waker along.
    Never,
    /// The poll API cannot know that nobody waits any more.
    Once,
    /// The same for a future that waits in so many directions at a time.
    OnceInEach(usize),
}

impl Late {
    fn most(self) -> usize {
        match self {
            Self::Never => 0,
            Self::Once => 1,
            Self::OnceInEach(directions) => directions,
        }
    }
}

/// When a future is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    /// After this many polls, as soon as the last of them was told to wait.
    AtOnce,
    /// When it is woken for the poll after so many.
    WhenWoken,
}

/// Cuts futures off; see the module.
pub(super) struct Knife {
    at: Option<(usize, Moment)>,
    polls: Cell<usize>,
    retired: RefCell<Vec<Retired>>,
}

struct Retired {
    waker: Arc<Counting>,
    calls: usize,
    late: Late,
}

impl Knife {
    fn new(at: Option<(usize, Moment)>) -> Rc<Self> {
        Rc::new(Self { at, polls: Cell::new(0), retired: RefCell::default() })
    }

    /// Runs `future`; `None` if it was cut off.
    pub(super) async fn cut<F: Future>(&self, late: Late, future: F) -> Option<F::Output> {
        let mut future = Some(Box::pin(future));
        let output = self.run(late, &mut future).await;
        drop(future);
        output
    }

    /// Runs `future`; gives it back if it was cut off.
    pub(super) async fn cut_keeping<F: Future + Unpin>(
        &self,
        late: Late,
        mut future: F,
    ) -> Result<F::Output, F> {
        match self.run(late, &mut Some(Box::pin(&mut future))).await {
            Some(output) => Ok(output),
            None => Err(future),
        }
    }

    async fn run<F: Future>(
        &self,
        late: Late,
        place: &mut Option<Pin<Box<F>>>,
    ) -> Option<F::Output> {
        let mut counting: Option<(Arc<Counting>, Waker)> = None;
        let output = poll_fn(|cx| {
            let future = place.as_mut().expect("polled after it was done");
            if self.at == Some((self.polls.get(), Moment::WhenWoken)) {
                return Poll::Ready(None);
            }
            self.polls.set(self.polls.get() + 1);
            let (_, waker) =
                counting.get_or_insert_with(|| Counting::before(Some(cx.waker().clone())));
            match future.as_mut().poll(&mut Context::from_waker(waker)) {
                Poll::Ready(output) => Poll::Ready(Some(output)),
                Poll::Pending if self.at == Some((self.polls.get(), Moment::AtOnce)) => {
                    Poll::Ready(None)
                }
                Poll::Pending => Poll::Pending,
            }
        })
        .await;
        if output.is_none() {
            // Only once: what goes on is not to be cut off at the same place for ever.
            self.polls.set(self.polls.get() + 1);
        }
        *place = None;
        if let Some((waker, _)) = counting {
            self.retired.borrow_mut().push(Retired { calls: waker.count(), waker, late });
        }
        output
    }

    fn check(&self, what: &str) {
        for retired in &*self.retired.borrow() {
            let late = retired.waker.count() - retired.calls;
            assert!(
                late <= retired.late.most(),
                "{what}: a waker was called {late} times after its future's end"
            );
        }
    }
}

/// A scenario: an async block that owns its knife.
pub(super) type Scenario = fn(Rc<Knife>) -> Pin<Box<dyn Future<Output = ()>>>;

const PLACES: [Place; 3] = [Place::CurrentThread, Place::Sim, Place::SimDeferring];

/// Runs `scenario` in all places, cut off at every poll.
pub(super) fn cut_everywhere(name: &'static str, scenario: Scenario) {
    for place in PLACES {
        for seed in if place.is_simulated() { 1..=2 } else { 1..=1 } {
            cut_at(name, place, seed, scenario);
        }
        tally::ran();
    }
}

fn cut_at(name: &str, place: Place, seed: u64, scenario: Scenario) {
    let polls = run(name, place, seed, None, scenario);
    // A future that polls very often is cut off at some of its polls.
    for cut in (0..=polls).step_by(polls / 20 + 1) {
        for moment in [Moment::WhenWoken, Moment::AtOnce] {
            run(name, place, seed, Some((cut, moment)), scenario);
        }
    }
}

/// Runs a scenario on the operating system's sockets, cut off at every poll.
pub(super) fn cut_on_the_system(name: &'static str, scenario: Scenario) {
    cut_at(name, Place::CurrentThread, 1, scenario);
    tally::ran();
}

/// One run; returns how many polls there were.
fn run(
    name: &str,
    place: Place,
    seed: u64,
    at: Option<(usize, Moment)>,
    scenario: Scenario,
) -> usize {
    let what = format!("{name} at {place:?}, seed {seed}, cut off at {at:?}");
    let _watched = watchdog::watch(what.clone());
    let (world, runtime) = start(place, seed);
    let knife = Knife::new(at);
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        runtime.block_on(async {
            scenario(knife.clone()).await;
            // Whoever is woken late is woken now.
            pause().await;
        });
        knife.check(&what);
        drop(runtime);
        assert_eq!(world.open_sockets(), 0, "left open:\n{}", world.netstat());
    }));
    if let Err(panic) = outcome {
        println!("{what}:\n{}{}", world.netstat(), world.record().tail(30).join("\n"));
        std::panic::resume_unwind(panic);
    }
    knife.polls.get()
}

fn start(place: Place, seed: u64) -> (World, Runtime) {
    // Small, so that writers have to wait.
    let world = World::builder().seed(seed).send_buffer(8 * 1024).receive_buffer(8 * 1024).build();
    let engine = match place {
        Place::Sim => Engine::sim(world.host("alone")),
        Place::SimDeferring => Engine::sim(world.host("alone")).deferring_sends(),
        _ => Engine::mio(),
    };
    (world, Builder::new_current_thread().engine(engine).build().unwrap())
}

/// Long enough for what is under way to arrive.
pub(super) async fn pause() {
    minato::time::sleep(Duration::from_millis(1)).await;
}

/// A listener whose connections have small buffers.
pub(super) fn listener() -> TcpListener {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(8 * 1024).unwrap();
    socket.set_send_buffer_size(8 * 1024).unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    socket.listen(64).unwrap()
}

/// Both ends of a connection with small buffers.
pub(super) async fn pair() -> (TcpStream, TcpStream) {
    let listener = listener();
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(8 * 1024).unwrap();
    socket.set_send_buffer_size(8 * 1024).unwrap();
    let address = listener.local_addr().unwrap();
    let (client, accepted) = futures::join!(socket.connect(address), listener.accept());
    (client.unwrap(), accepted.unwrap().0)
}

/// Sends pieces with pauses in between, and ends the stream if `ends`.
pub(super) fn dribble(
    mut stream: TcpStream,
    pieces: &'static [&'static str],
    ends: bool,
) -> minato::task::JoinHandle<TcpStream> {
    use minato::io::AsyncWriteExt;
    minato::spawn(async move {
        for piece in pieces {
            pause().await;
            stream.write_all(piece.as_bytes()).await.unwrap();
        }
        if ends {
            pause().await;
            stream.shutdown().await.unwrap();
        }
        stream
    })
}

/// Drops `future` after one poll.
pub(super) fn poll_and_drop(future: impl Future) {
    let future = pin!(future);
    _ = future.poll(&mut Context::from_waker(Waker::noop()));
}

/// Makes a test of each scenario, in all places or, for what the world has not, on the system.
macro_rules! scenarios {
    (on the system: $($name:ident;)*) => {
        crate::cancel::knife::scenarios! { @ cut_on_the_system $($name)* }
    };
    (@ $cut:ident $($name:ident)*) => {
        mod $cut {
            $(
                #[test]
                fn $name() {
                    crate::cancel::knife::$cut(stringify!($name), |knife| {
                        Box::pin(super::$name(knife))
                    });
                }
            )*
        }

        /// The same for whoever counts what is left.
        pub(super) const SCENARIOS: &[(&str, crate::cancel::knife::Scenario)] = &[
            $((stringify!($name), |knife| Box::pin($name(knife)))),*
        ];
    };
    ($($name:ident;)*) => {
        crate::cancel::knife::scenarios! { @ cut_everywhere $($name)* }
    };
}

pub(super) use scenarios;
