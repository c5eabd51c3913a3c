//! What the tests share: a watchdog, processes of their own, a small exchange over TCP.

use std::process::{Command, Output};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use futures::{Future, Stream};
use tokio::io;
use tokio::net::{TcpListener, TcpStream};

/// A future that can be spawned.
pub(crate) type Job = Box<dyn Future<Item = (), Error = ()> + Send>;

/// Ends the process if a test hangs; disarmed by being dropped.
pub(crate) struct Watchdog {
    _disarm: mpsc::Sender<()>,
}

#[must_use]
#[track_caller]
pub(crate) fn watchdog() -> Watchdog {
    let place = std::panic::Location::caller();
    let (disarm, disarmed) = mpsc::channel::<()>();
    thread::spawn(move || {
        let limit = Duration::from_secs(60);
        if disarmed.recv_timeout(limit) == Err(mpsc::RecvTimeoutError::Timeout) {
            eprintln!("the test at {place} hangs");
            std::process::abort();
        }
    });
    Watchdog { _disarm: disarm }
}

/// Runs `body` in a process of its own: the test `name` calls this, is started anew there, and
/// comes here again. Gives what the child printed; `None` within the child.
pub(crate) fn in_child(name: &str, body: impl FnOnce()) -> Option<Output> {
    const CHILD: &str = "MINATO_TEST_CHILD";
    if std::env::var(CHILD).is_ok_and(|child| child == name) {
        body();
        return None;
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", name, "--nocapture", "--test-threads=1"]).env(CHILD, name);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    Some(output)
}

/// A server that greets one client, and that client: done when the greeting was heard.
pub(crate) fn greeting() -> Job {
    let listener = TcpListener::bind(&"127.0.0.1:0".parse().unwrap()).unwrap();
    let address = listener.local_addr().unwrap();
    let server =
        listener.incoming().take(1).map_err(drop).for_each(|socket| {
            tokio::spawn(io::write_all(socket, b"ahoy").map(drop).map_err(drop))
        });
    let client = TcpStream::connect(&address)
        .and_then(|socket| io::read_to_end(socket, Vec::new()))
        .map(|(_, heard)| assert_eq!(heard, b"ahoy"));
    Box::new(server.join(client.map_err(drop)).map(drop))
}

/// What tasks have done, in order.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<&'static str>>>);

impl Log {
    pub(crate) fn add(&self, text: &'static str) {
        self.0.lock().unwrap().push(text);
    }

    pub(crate) fn take(&self) -> Vec<&'static str> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }

    /// A task that adds `text`.
    pub(crate) fn job(&self, text: &'static str) -> Job {
        let log = self.clone();
        Box::new(futures::future::lazy(move || {
            log.add(text);
            Ok(())
        }))
    }

    /// A task that is never done, and adds `text` when it is dropped.
    pub(crate) fn endless(&self, text: &'static str) -> Job {
        let dropped = OnDrop(self.clone(), text);
        Box::new(futures::future::poll_fn(move || {
            let _held = &dropped;
            Ok(futures::Async::NotReady)
        }))
    }
}

/// Adds a text when it is dropped.
pub(crate) struct OnDrop(pub(crate) Log, pub(crate) &'static str);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.add(self.1);
    }
}

/// What `call` panics with.
pub(crate) fn panic_text(call: impl FnOnce()) -> String {
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(call)).unwrap_err();
    match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(panic) => (*panic.downcast::<&'static str>().unwrap()).to_owned(),
    }
}
