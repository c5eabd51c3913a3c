//! A thread that waits in a turn, against those who have news for it.

use loom::thread::{self, JoinHandle};

use crate::reactor::park::Park;
use crate::sync::{Arc, AtomicBool, AtomicU8, Mutex, Ordering};

/// The counter that a system call raises, and that ends a wait.
#[derive(Default)]
pub(super) struct Bell(Mutex<bool>);

impl Bell {
    pub(super) fn ring(&self) {
        *self.0.lock() = true;
    }

    /// A wait of the thread that turns. If nothing has ended it yet, all others go on to their end.
    /// By then something must have ended it, since nothing comes any more.
    pub(super) fn wait(&self, others: &mut Vec<JoinHandle<()>>) {
        if self.take() {
            return;
        }
        for other in others.drain(..) {
            other.join().unwrap();
        }
        assert!(self.take(), "the wait never ends");
    }

    fn take(&self) -> bool {
        std::mem::take(&mut *self.0.lock())
    }
}

/// What the thread that turns and those with news share: a word like [`Park`], the bell, and a flag
/// of each.
struct Reactor<P> {
    park: P,
    bell: Bell,
    news: [AtomicBool; 2],
}

trait Word: Send + Sync + 'static {
    fn begin(&self) -> bool;
    fn end(&self);
    fn notify(&self) -> bool;
}

impl Word for Park {
    fn begin(&self) -> bool {
        self.begin(false)
    }

    fn end(&self) {
        self.end(false);
    }

    fn notify(&self) -> bool {
        self.notify()
    }
}

impl<P: Word> Reactor<P> {
    fn new(park: P) -> Arc<Self> {
        let news = [AtomicBool::new(false), AtomicBool::new(false)];
        Arc::new(Self { park, bell: Bell::default(), news })
    }

    /// News is passed on by nothing but the word.
    fn tell(&self, who: usize) {
        self.news[who].store(true, Ordering::Relaxed);
        if self.park.notify() {
            self.bell.ring();
        }
    }

    fn knows(&self, count: usize) -> bool {
        self.news[..count].iter().all(|news| news.load(Ordering::Relaxed))
    }

    /// Turns until all the news is known.
    fn turn_until(&self, count: usize, mut others: Vec<JoinHandle<()>>) {
        while !self.knows(count) {
            if self.park.begin() {
                self.bell.wait(&mut others);
                self.park.end();
            }
        }
        for other in others {
            other.join().unwrap();
        }
    }
}

fn with_news<P: Word>(count: usize, park: impl Fn() -> P + Send + Sync + 'static) {
    loom::model(move || {
        let reactor = Reactor::new(park());
        let others = (0..count).map(|who| {
            let reactor = reactor.clone();
            thread::spawn(move || reactor.tell(who))
        });
        reactor.turn_until(count, others.collect());
    });
}

#[test]
fn one_with_news() {
    with_news(1, || Park::new(false));
}

#[test]
fn two_at_a_time_with_news() {
    with_news(2, || Park::new(false));
}

/// Nobody holds the core; its descriptor is watched, and it is looked at without waiting.
#[test]
fn one_that_is_watched_by_descriptor_is_called_again_after_each_look() {
    loom::model(|| {
        let reactor = Reactor::new(Park::new(true));
        let other = reactor.clone();
        let mut others = vec![thread::spawn(move || {
            other.tell(0);
            other.tell(1);
        })];
        while !reactor.knows(2) {
            reactor.bell.wait(&mut others);
            reactor.park.accept();
        }
        for other in others {
            other.join().unwrap();
        }
    });
}

/// The word as it was at first: the end of a wait overwrites what it does not look at.
struct Overwriting(AtomicU8);

impl Word for Overwriting {
    fn begin(&self) -> bool {
        let before = self.0.compare_exchange(0, 1, Ordering::SeqCst, Ordering::SeqCst);
        if before == Err(2) {
            self.end();
            return false;
        }
        true
    }

    fn end(&self) {
        self.0.store(0, Ordering::SeqCst);
    }

    fn notify(&self) -> bool {
        self.0.swap(2, Ordering::SeqCst) == 1
    }
}

#[test]
#[should_panic = "the wait never ends"]
fn the_canary_overwrites_a_notification() {
    with_news(2, || Overwriting(AtomicU8::new(0)));
}

/// Waits without having announced it.
struct Silent(AtomicBool);

impl Word for Silent {
    fn begin(&self) -> bool {
        !self.0.swap(false, Ordering::AcqRel)
    }

    fn end(&self) {}

    fn notify(&self) -> bool {
        self.0.swap(true, Ordering::AcqRel);
        false
    }
}

#[test]
#[should_panic = "the wait never ends"]
fn the_canary_waits_without_announcing_it() {
    with_news(2, || Silent(AtomicBool::new(false)));
}
