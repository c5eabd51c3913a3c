//! What tokio offers to its users, in every place where a program on Minato can be.

use std::cell::RefCell;
use std::future::Future;
use std::io;
use std::rc::Rc;
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use minato::runtime::{Builder, LocalOptions, Runtime};
use minato_tokio::Guest;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket, UnixStream};
use tokio::process::Command;
use tokio::runtime::Handle;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinSet, LocalSet};
use tokio::time::{interval, sleep, timeout};

const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(5);

fn with_guest(mut builder: Builder) -> Runtime {
    builder.worker_threads(2).on_enter(Guest::shared().unwrap().clone()).build().unwrap()
}

/// One runtime of each flavour.
fn runtimes() -> [Runtime; 2] {
    [with_guest(Builder::new_current_thread()), with_guest(Builder::new_multi_thread())]
}

/// Whether the default runtime of this process has the guest, which is seen to at the first call.
fn default_has_guest() -> bool {
    static SET: OnceLock<bool> = OnceLock::new();
    *SET.get_or_init(|| {
        minato::runtime::set_default(with_guest(Builder::new_multi_thread())).is_ok()
    })
}

/// Runs what may move between threads in a task, in a job, and in those of the default runtime.
fn in_tasks<F: Future<Output = ()> + Send + 'static>(case: fn() -> F) {
    for runtime in runtimes() {
        runtime.block_on(runtime.spawn(case())).unwrap();
        runtime.block_on(runtime.spawn_blocking(move || pollster::block_on(case()))).unwrap();
    }
    assert!(default_has_guest());
    pollster::block_on(minato::spawn(case())).unwrap();
    let job = minato::task::spawn_blocking(move || pollster::block_on(case()));
    pollster::block_on(job).unwrap();
}

/// Runs it where it stays on its thread.
fn on_this_thread<F: Future<Output = ()> + 'static>(case: fn() -> F) {
    for runtime in runtimes() {
        runtime.block_on(case());
    }
    let mut builder = Builder::new_current_thread();
    builder.on_enter(Guest::shared().unwrap().clone());
    let runtime = builder.build_local(LocalOptions::default()).unwrap();
    runtime.block_on(runtime.spawn_local(case())).unwrap();
    // A thread and an executor of which Minato knows nothing.
    let _entered = Guest::shared().unwrap().enter();
    pollster::block_on(case());
}

/// A test that runs its body in every place.
macro_rules! everywhere {
    ($($(#[$attribute:meta])* async fn $name:ident() $body:block)*) => {$(
        #[test]
        $(#[$attribute])*
        fn $name() {
            async fn case() $body
            in_tasks(case);
            on_this_thread(case);
        }
    )*};
}

everywhere! {
    async fn tasks_are_spawned_and_joined() {
        assert_eq!(tokio::spawn(async { 2 + 3 }).await.unwrap(), 5);
        let panic = tokio::spawn(async { panic!("on purpose") }).await.unwrap_err();
        assert!(panic.is_panic());
        let endless = tokio::spawn(std::future::pending::<()>());
        endless.abort();
        assert!(endless.await.unwrap_err().is_cancelled());
        let from_handle = Handle::current().spawn(async { tokio::task::id() });
        assert_eq!(from_handle.id(), from_handle.await.unwrap());
    }

    async fn sets_of_tasks_are_joined_and_aborted() {
        let mut set = JoinSet::new();
        for number in 0..10 {
            set.spawn(async move { (sleep(SHORT).await, number).1 });
        }
        let mut sum = 0;
        while let Some(number) = set.join_next().await {
            sum += number.unwrap();
        }
        assert_eq!(sum, 45);
        set.spawn(std::future::pending());
        set.shutdown().await;
        assert!(set.is_empty());
    }

    async fn timers_fire() {
        sleep(SHORT).await;
        assert!(timeout(SHORT, std::future::pending::<()>()).await.is_err());
        assert_eq!(timeout(LONG, async { 5 }).await, Ok(5));
        let mut ticks = interval(SHORT);
        let first = ticks.tick().await;
        assert!(ticks.tick().await > first);
    }

    async fn sockets_carry_bytes() {
        let listener = TcpListener::bind("localhost:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await?;
            let (mut read, mut write) = stream.split();
            tokio::io::copy(&mut read, &mut write).await
        });
        let mut stream = TcpStream::connect(address).await.unwrap();
        let sent = vec![7; 1 << 20];
        let (mut read, mut write) = stream.split();
        let mut received = Vec::new();
        let write = async {
            write.write_all(&sent).await?;
            write.shutdown().await
        };
        let (read, write) = tokio::join!(read.read_to_end(&mut received), write);
        assert_eq!((read.unwrap(), write.is_ok()), (1 << 20, true));
        assert_eq!((received == sent, server.await.unwrap().unwrap()), (true, 1 << 20));

        let [a, b] = [0; 2].map(|_| UdpSocket::bind("127.0.0.1:0"));
        let (a, b) = tokio::try_join!(a, b).unwrap();
        a.send_to(b"ahoy", b.local_addr().unwrap()).await.unwrap();
        let mut bytes = [0; 8];
        let (length, from) = b.recv_from(&mut bytes).await.unwrap();
        assert_eq!((&bytes[..length], from), (&b"ahoy"[..], a.local_addr().unwrap()));
        let names = tokio::net::lookup_host("localhost:80").await.unwrap();
        assert!(names.map(|address| address.port()).all(|port| port == 80));
    }

    async fn unix_sockets_carry_bytes() {
        let (mut a, mut b) = UnixStream::pair().unwrap();
        let write = tokio::task::spawn_blocking(move || {
            thread::sleep(SHORT);
            Handle::current().block_on(async { a.write_all(b"ahoy").await })
        });
        let mut bytes = Vec::new();
        b.read_to_end(&mut bytes).await.unwrap();
        assert_eq!(bytes, b"ahoy");
        write.await.unwrap().unwrap();
    }

    async fn files_are_written_and_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let mut file = tokio::fs::File::create(&path).await.unwrap();
        file.write_all(b"all ships").await.unwrap();
        file.sync_all().await.unwrap();
        assert_eq!(tokio::fs::read_to_string(&path).await.unwrap(), "all ships");
        assert!(tokio::fs::metadata(path.join("none")).await.is_err());
    }

    async fn children_are_run_and_waited_for() {
        let mut cat = Command::new("cat");
        cat.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
        let mut cat = cat.kill_on_drop(true).spawn().unwrap();
        let mut input = cat.stdin.take().unwrap();
        input.write_all(b"a line").await.unwrap();
        drop(input);
        let output = cat.wait_with_output().await.unwrap();
        assert_eq!((output.status.success(), &output.stdout[..]), (true, &b"a line"[..]));
    }

    async fn signals_are_received() {
        let mut signals = signal(SignalKind::user_defined1()).unwrap();
        rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::USR1)
            .unwrap();
        timeout(LONG, signals.recv()).await.unwrap().unwrap();
    }

    async fn blocking_jobs_run_on_threads_of_their_own() {
        let here = thread::current().id();
        let there = tokio::task::spawn_blocking(|| {
            // The job is in tokio, too.
            assert_eq!(Handle::current().block_on(async { 5 }), 5);
            thread::current().id()
        });
        assert_ne!(there.await.unwrap(), here);
        let here = thread::current().id();
        // In a task of Minato it holds up the worker, unless it is within Minato's.
        assert_eq!(tokio::task::block_in_place(|| thread::current().id()), here);
        let both = minato::task::block_in_place(|| tokio::task::block_in_place(|| 5));
        assert_eq!(both, 5);
    }

    async fn a_tokio_runtime_is_made_and_dropped() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let id = runtime.block_on(async { (sleep(SHORT).await, Handle::current().id()).1 });
        drop(runtime);
        // Where tokio itself would panic.
        assert_eq!(Handle::current().block_on(async { (sleep(SHORT).await, 5).1 }), 5);
        assert_ne!(Handle::current().id(), id);
        assert_eq!(tokio::spawn(async { 5 }).await.unwrap(), 5);
    }

    async fn channels_and_select_wait_for_what_comes_first() {
        let (sender, mut numbers) = mpsc::channel(1);
        let (stop, stopped) = oneshot::channel();
        let source = tokio::spawn(async move {
            for number in 0..100 {
                sender.send(number).await.unwrap();
            }
            stopped.await.unwrap();
        });
        let (mut sum, mut stop) = (0, Some(stop));
        tokio::pin!(source);
        loop {
            tokio::select! {
                Some(number) = numbers.recv() => sum += number,
                ended = &mut source => break ended.unwrap(),
                else => unreachable!(),
            }
            if sum == 4950 && let Some(stop) = stop.take() {
                stop.send(()).unwrap();
            }
        }
        assert_eq!(sum, 4950);
    }

    async fn task_locals_are_carried_along() {
        tokio::task_local!(static PORT: u16);
        let inside = PORT.scope(80, async {
            sleep(SHORT).await;
            tokio::spawn(PORT.scope(PORT.get() + 1, async { PORT.get() })).await.unwrap()
        });
        assert_eq!(inside.await, 81);
        assert!(PORT.try_with(|_| ()).is_err());
    }

    async fn a_wake_comes_from_either_side() {
        // Minato's task wakes tokio's, and that one Minato's.
        let (ask, mut asked) = mpsc::unbounded_channel::<oneshot::Sender<u32>>();
        let server = tokio::spawn(async move {
            let mut count = 0;
            while let Some(answer) = asked.recv().await {
                count += 1;
                answer.send(count).unwrap();
            }
            count
        });
        for count in 1..=1_000 {
            let (answer, answered) = oneshot::channel();
            ask.send(answer).unwrap();
            assert_eq!(answered.await.unwrap(), count);
        }
        drop(ask);
        assert_eq!(server.await.unwrap(), 1_000);
    }
}

/// What stays on its thread in tokio, stays on its thread.
#[test]
fn local_sets_run_what_is_not_send() {
    async fn case() {
        let log = Rc::new(RefCell::new(Vec::new()));
        let set = LocalSet::new();
        let inner = log.clone();
        set.run_until(async move {
            let other = inner.clone();
            let task = tokio::task::spawn_local(async move {
                sleep(SHORT).await;
                other.borrow_mut().push("task");
            });
            task.await.unwrap();
            inner.borrow_mut().push("set");
        })
        .await;
        assert_eq!(*log.borrow(), ["task", "set"]);
    }
    on_this_thread(case);
    for runtime in runtimes() {
        let blocking = || minato::task::block_in_place(|| pollster::block_on(case()));
        runtime.block_on(runtime.spawn(async move { blocking() })).unwrap();
    }
}

#[minato::test(crate = "minato_tokio")]
async fn a_test_has_the_shared_guest() {
    assert_eq!(Handle::current().id(), Guest::shared().unwrap().handle().id());
    let task = minato::spawn(async { tokio::spawn(async { Handle::current().id() }).await });
    assert_eq!(task.await.unwrap().unwrap(), Handle::current().id());
}

#[minato::test(crate = "minato_tokio", flavor = "multi_thread", worker_threads = 3)]
async fn a_test_of_several_threads_has_it_too() {
    assert_eq!(minato::runtime::Handle::current().core_count(), 3);
    minato::spawn(async { sleep(SHORT).await }).await.unwrap();
}

#[minato::test(crate = "minato_tokio", flavor = "local", name = "local")]
async fn a_local_test_has_it_too() {
    assert_eq!(minato::runtime::Handle::current().name(), Some("local"));
    let number = Rc::new(5);
    let task = minato::task::spawn_local(async move { (sleep(SHORT).await, *number).1 });
    assert_eq!(task.await.unwrap(), 5);
}

#[test]
fn a_main_function_has_it_too() {
    #[minato::main(crate = "minato_tokio", flavor = "multi_thread", worker_threads = 1)]
    async fn main() -> io::Result<u32> {
        minato::spawn(async { tokio::spawn(async { 5 }).await }).await?.map_err(io::Error::other)
    }
    assert_eq!(main().unwrap(), 5);
}
