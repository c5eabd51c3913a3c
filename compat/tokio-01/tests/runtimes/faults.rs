//! The known faults of tokio 0.1's executors, each mended here, or kept on purpose.
//!
//! Those of its sockets and I/O helpers are in the tests of these.

use std::any::Any;
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures::future::{self, Executor as _, lazy};
use futures::sync::oneshot;
use futures::{Async, Future};
use tokio::executor::{DefaultExecutor, Executor};
use tokio::io::{self, AsyncRead};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, current_thread};
use tokio::timer::Delay;

use crate::support::{Log, greeting, in_child, panic_text, watchdog};

/// "I/O `.wait()` on a pool worker deadlocks silently": nobody turned the worker's reactor.
#[test]
fn waiting_for_io_on_the_only_worker_does_not_deadlock() {
    let _watchdog = watchdog();
    for threads in [1, 4] {
        let mut runtime = Builder::new().core_threads(threads).build().unwrap();
        let waited = runtime.block_on(lazy(|| {
            let listener = TcpListener::bind(&"127.0.0.1:0".parse().unwrap())?;
            let client = TcpStream::connect(&listener.local_addr()?).wait()?;
            let served = std::thread::spawn(move || {
                let mut incoming = futures::Stream::wait(listener.incoming());
                let socket = incoming.next().unwrap()?;
                io::read_exact(socket, [0; 4])
                    .and_then(|(socket, four)| io::write_all(socket, four))
                    .wait()
            });
            let (client, _) = io::write_all(client, b"ahoy").wait()?;
            let (_, four) = io::read_exact(client, [0; 4]).wait()?;
            served.join().unwrap()?;
            Delay::new(Instant::now() + Duration::from_millis(5)).wait().unwrap();
            io::Result::Ok(four)
        }));
        assert_eq!(&waited.unwrap(), b"ahoy");
    }
}

/// Another task of the only worker does not run while that worker waits, unless it is told so.
#[test]
fn waiting_for_a_task_on_the_only_worker_works_in_block_in_place() {
    let _watchdog = watchdog();
    let mut runtime = Builder::new().core_threads(1).build().unwrap();
    let waited = runtime.block_on(lazy(|| {
        let (tell, told) = oneshot::channel();
        tokio::spawn(lazy(|| tell.send("done").map_err(drop)));
        minato::task::block_in_place(|| told.wait())
    }));
    assert_eq!(waited, Ok("done"));
    // The worker that went on without its core is whole again.
    runtime.block_on(greeting()).unwrap();
}

/// "`tokio::spawn` outside a runtime panics with an unhelpful message": it has somewhere to go.
#[test]
fn a_spawn_outside_of_every_runtime_runs() {
    let _watchdog = watchdog();
    let (tell, told) = mpsc::channel();
    tokio::spawn(greeting().map(move |()| {
        // And so do those of such a task.
        tokio::spawn(lazy(move || tell.send("done").map_err(drop)));
    }));
    assert_eq!(told.recv(), Ok("done"));
    let (tell, told) = oneshot::channel();
    DefaultExecutor::current().execute(lazy(|| tell.send(()).map_err(drop))).unwrap();
    told.wait().unwrap();
}

/// The same within a runtime of Minato's, of either kind: there is one.
#[test]
fn a_spawn_within_a_runtime_of_minato_goes_there() {
    let _watchdog = watchdog();
    let runtime = minato::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let (tell, told) = oneshot::channel();
        tokio::spawn(lazy(|| tell.send(std::thread::current().id()).map_err(drop)));
        let there = tokio::bridge::to_std(told).await.unwrap();
        assert_eq!(there, std::thread::current().id());
    });
}

/// "Any spawn or status on a thread with no executor poisons the thread": every later
/// current-thread runtime on it panicked.
#[test]
fn asking_for_the_executor_where_there_is_none_leaves_the_thread_usable() {
    let _watchdog = watchdog();
    Executor::status(&DefaultExecutor::current()).unwrap();
    assert_eq!(current_thread::block_on_all(future::ok::<_, ()>(1)), Ok(1));
    Executor::spawn(&mut DefaultExecutor::current(), Box::new(future::ok(()))).unwrap();
    assert_eq!(current_thread::block_on_all(future::ok::<_, ()>(2)), Ok(2));
    let mut runtime = current_thread::Runtime::new().unwrap();
    assert_eq!(runtime.block_on(future::ok::<_, ()>(3)), Ok(3));
    tokio::run(future::ok(()));
}

/// Whoever forbids hidden threads gets an error that says so, with the place, and a usable thread.
#[test]
fn where_hidden_threads_are_forbidden_a_spawn_outside_is_an_error_that_says_so() {
    let name =
        "faults::where_hidden_threads_are_forbidden_a_spawn_outside_is_an_error_that_says_so";
    _ = in_child(name, || {
        minato::runtime::forbid_implicit();
        let mut executor = DefaultExecutor::current();
        let error = Executor::spawn(&mut executor, Box::new(future::ok(()))).unwrap_err();
        assert!(error.is_shutdown());
        assert!(error.to_string().contains("hidden threads are forbidden"), "{error}");
        let text = panic_text(|| _ = tokio::spawn(future::ok(())));
        assert!(text.contains("hidden threads are forbidden"), "{text}");
        assert!(text.contains(file!()), "it names the call: {text}");
        let refused = executor.execute(future::ok(())).unwrap_err();
        assert_eq!(refused.kind(), future::ExecuteErrorKind::Shutdown);
        assert_eq!(current_thread::block_on_all(future::ok::<_, ()>(1)), Ok(1));
        tokio::run(greeting());
    });
}

/// "Task panics are silently ignored": the handler is called, and the threads go on.
#[test]
fn a_panic_of_a_task_reaches_the_panic_handler() {
    let _watchdog = watchdog();
    let (tell, told) = mpsc::channel::<Box<dyn Any + Send>>();
    let tell = Mutex::new(tell);
    let mut builder = Builder::new();
    builder.core_threads(1).panic_handler(move |panic| tell.lock().unwrap().send(panic).unwrap());
    let mut runtime = builder.build().unwrap();
    let log = Log::default();
    runtime.spawn(lazy(|| -> Result<(), ()> { panic!("first") }));
    runtime.spawn(lazy(|| -> Result<(), ()> { std::panic::resume_unwind(Box::new(2)) }));
    assert_eq!(*told.recv().unwrap().downcast::<&'static str>().unwrap(), "first");
    assert_eq!(*told.recv().unwrap().downcast::<i32>().unwrap(), 2);
    runtime.spawn(log.job("went on"));
    runtime.shutdown_on_idle().wait().unwrap();
    assert_eq!(log.take(), ["went on"]);
}

/// Without a handler it is told on standard error, with the place of the spawn, everywhere.
#[test]
fn a_panic_of_a_task_is_told_where_nobody_handles_it() {
    let name = "faults::a_panic_of_a_task_is_told_where_nobody_handles_it";
    let output = in_child(name, || {
        tokio::run(lazy(|| {
            tokio::spawn(lazy(|| -> Result<(), ()> { panic!("in the pool") }));
            Ok(())
        }));
        let (held, gone) = oneshot::channel::<()>();
        // What it holds is dropped when the panic has been told.
        tokio::spawn(future::poll_fn(move || {
            let _held = &held;
            panic!("on the default runtime")
        }));
        gone.wait().unwrap_err();
    });
    let Some(output) = output else { return };
    let told = String::from_utf8(output.stderr).unwrap();
    let place = concat!("spawned at ", file!(), ":");
    for text in ["in the pool", "on the default runtime"] {
        let is_it = |line: &str| line.contains(place) && line.ends_with(text);
        assert!(told.lines().any(is_it), "{text}: {told}");
    }
}

/// "Two tasks on one direction of a socket: the first one never wakes": both do, on whatever runs
/// them.
#[test]
fn two_tasks_that_wait_for_one_socket_both_wake() {
    let _watchdog = watchdog();
    let listener = TcpListener::bind(&"127.0.0.1:0".parse().unwrap()).unwrap();
    let address = listener.local_addr().unwrap();
    let mut peer = std::net::TcpStream::connect(address).unwrap();
    let socket = futures::Stream::wait(listener.incoming()).next().unwrap().unwrap();
    let socket = Arc::new(socket);
    let (waits, waiting) = mpsc::channel();
    let (tell, told) = mpsc::channel();
    let reader = |_| {
        let (socket, tell, waits) = (socket.clone(), tell.clone(), waits.clone());
        future::poll_fn(move || {
            let mut byte = [0];
            let polled = (&*socket).poll_read(&mut byte).map_err(drop)?;
            match polled {
                Async::NotReady => waits.send(()).map_err(drop)?,
                Async::Ready(_) => tell.send(byte[0]).map_err(drop)?,
            }
            Ok(polled.map(drop))
        })
    };
    let mut runtime = Builder::new().core_threads(2).build().unwrap();
    for job in (0..2).map(reader) {
        runtime.spawn(job);
    }
    for () in waiting.iter().take(2) {}
    std::io::Write::write_all(&mut peer, b"ab").unwrap();
    let mut came: Vec<u8> = told.iter().take(2).collect();
    came.sort_unstable();
    assert_eq!(came, b"ab");
    runtime.shutdown_on_idle().wait().unwrap();
}
