//! Ending a service: what is under way is finished, what is idle leaves, and a deadline ends it.

use std::future::pending;
use std::io;
use std::pin::pin;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, LazyLock};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use minato::io::{AsyncReadExt, AsyncWriteExt};
use minato::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use minato::runtime::Builder;
use minato::signal::unix::{SignalKind, signal};
use minato::time::{Instant, sleep, timeout};
use minato_service::{GracefulShutdown, Token};

use crate::kit::child::{child_command, is_child, own_name};
use crate::kit::counting::{Counting, poll_once};
use crate::kit::foreign::{calling, panicking};
use crate::kit::{At, cases, current_thread, multi_thread, on_each_executor, watchdog};

/// Longer than any of this takes.
const LONG: Duration = Duration::from_secs(60);

#[test]
fn tokens_are_counted_by_clone_and_until_they_are_dropped() {
    let shutdown = GracefulShutdown::new();
    let mut none = shutdown.wait();
    assert_eq!((shutdown.tokens(), poll_once(&mut none)), (0, Poll::Ready(())));
    let token = shutdown.token();
    let tokens = [token.clone(), shutdown.clone().token()];
    assert_eq!(shutdown.tokens(), 3);
    let mut wait = shutdown.wait();
    assert_eq!(poll_once(&mut wait), Poll::Pending);
    drop(tokens);
    assert_eq!((shutdown.tokens(), poll_once(&mut wait)), (1, Poll::Pending));
    drop(token);
    assert_eq!((shutdown.tokens(), poll_once(&mut wait)), (0, Poll::Ready(())));
    assert!(!shutdown.has_begun(), "to have no token left is no beginning");
    // A token of after the end makes the same wait wait again.
    let late = shutdown.token();
    assert_eq!(poll_once(&mut wait), Poll::Pending);
    drop(late);
    assert_eq!(poll_once(&mut wait), Poll::Ready(()));
    assert!(format!("{shutdown:?}").contains("has_begun: false, tokens: 0"));
}

#[test]
fn it_begins_once_and_everybody_is_woken_once() {
    let shutdown = GracefulShutdown::new();
    let token = shutdown.token();
    let (counting, waker) = Counting::new();
    let mut waits = [shutdown.begun(), token.begun(), shutdown.begun()];
    let mut drained = shutdown.wait();
    let mut cx = Context::from_waker(&waker);
    for wait in &mut waits {
        // A second poll takes the place of the first.
        assert!(pin!(&mut *wait).poll(&mut cx).is_pending());
        assert!(pin!(wait).poll(&mut cx).is_pending());
    }
    assert!(pin!(&mut drained).poll(&mut cx).is_pending());
    assert!(!token.has_begun());
    shutdown.begin();
    shutdown.begin();
    assert_eq!(counting.count(), 3);
    assert!(token.has_begun() && shutdown.clone().has_begun());
    assert!(waits.iter_mut().all(|wait| poll_once(wait).is_ready()));
    drop(token);
    assert_eq!((counting.count(), poll_once(&mut drained)), (4, Poll::Ready(())));
}

#[test]
fn a_wait_that_is_dropped_leaves_no_waker_and_no_count() {
    let shutdown = GracefulShutdown::new();
    let token = shutdown.token();
    let (counting, waker) = Counting::new();
    let held = Arc::strong_count(&counting);
    for _ in 0..10 {
        let (mut begun, mut wait) = (shutdown.begun(), shutdown.wait());
        let mut cx = Context::from_waker(&waker);
        assert!(pin!(&mut begun).poll(&mut cx).is_pending());
        assert!(pin!(&mut wait).poll(&mut cx).is_pending());
        assert_eq!(Arc::strong_count(&counting), held + 2);
    }
    assert_eq!((Arc::strong_count(&counting), shutdown.tokens()), (held, 1));
    shutdown.begin();
    drop(token);
    assert_eq!(counting.count(), 0);
}

/// A number of a wait that is over may not name another's waker.
#[test]
fn an_old_wait_takes_nobody_elses_place() {
    let shutdown = GracefulShutdown::new();
    let (counting, waker) = Counting::new();
    let first = shutdown.token();
    let mut old = shutdown.wait();
    assert_eq!(poll_once(&mut old), Poll::Pending);
    drop(first);
    let second = shutdown.token();
    let mut new = shutdown.wait();
    assert!(pin!(&mut new).poll(&mut Context::from_waker(&waker)).is_pending());
    drop(old);
    drop(second);
    assert_eq!(counting.count(), 1);
}

#[test]
fn wakers_that_use_the_shutdown_or_panic_hurt_nobody() {
    let shutdown = GracefulShutdown::new();
    let own = shutdown.clone();
    let calling = calling(move || drop((own.token(), own.has_begun())));
    let (counting, counted) = Counting::new();
    let mut waits = [shutdown.begun(), shutdown.begun(), shutdown.begun()];
    for (wait, waker) in waits.iter_mut().zip([&calling, &panicking(), &counted]) {
        assert!(pin!(&mut *wait).poll(&mut Context::from_waker(waker)).is_pending());
        assert!(pin!(&mut *wait).poll(&mut Context::from_waker(waker)).is_pending());
    }
    shutdown.begin();
    assert_eq!(counting.count(), 1);
    // Whoever dies in the middle of his work is done with it, too.
    let token = shutdown.token();
    thread::spawn(move || {
        let _token = token;
        panic!("in the middle");
    })
    .join()
    .unwrap_err();
    assert_eq!(shutdown.tokens(), 0);
}

#[test]
fn what_is_run_until_the_beginning_is_not_polled_after_it() {
    let shutdown = GracefulShutdown::new();
    let done = pollster::block_on(shutdown.run_until_begun(async { 5 }));
    assert_eq!(done, Some(5));
    let token = shutdown.token();
    let mut run = pin!(token.run_until_begun(pending::<()>()));
    let mut cx = Context::from_waker(Waker::noop());
    assert!(run.as_mut().poll(&mut cx).is_pending());
    shutdown.begin();
    assert_eq!(run.as_mut().poll(&mut cx), Poll::Ready(None));
    let never = shutdown.run_until_begun(async { panic!("polled after the beginning") });
    assert_eq!(pollster::block_on(never), None);
}

#[test]
fn it_is_drained_by_threads_on_every_executor() {
    on_each_executor(|| async {
        let shutdown = GracefulShutdown::new();
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let token = shutdown.token();
                thread::spawn(move || pollster::block_on(token.begun()))
            })
            .collect();
        assert_eq!(shutdown.drain(LONG).await, 0);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
}

#[test]
fn a_deadline_ends_the_wait_and_tells_how_many_were_left() {
    let runtime = Builder::new_current_thread().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let (shutdown, start) = (GracefulShutdown::new(), Instant::now());
        let tokens = [shutdown.token(), shutdown.token()];
        assert_eq!(shutdown.drain(Duration::from_secs(5)).await, 2);
        assert_eq!(start.elapsed(), Duration::from_secs(5));
        let [first, last] = tokens;
        let leaving = async {
            sleep(Duration::from_secs(1)).await;
            drop(first);
            sleep(Duration::from_secs(1)).await;
            drop(last);
        };
        let (left, ()) = futures::join!(shutdown.drain(Duration::from_secs(5)), leaving);
        assert_eq!((left, start.elapsed()), (0, Duration::from_secs(7)));
        assert_eq!(shutdown.drain(Duration::ZERO).await, 0);
    });
}

#[test]
fn it_may_live_in_a_static_and_be_begun_from_anywhere() {
    static SHUTDOWN: LazyLock<GracefulShutdown> = LazyLock::new(GracefulShutdown::new);
    let _watchdog = watchdog();
    let barrier = Arc::new(Barrier::new(2));
    let waiting = barrier.clone();
    let thread = thread::spawn(move || {
        waiting.wait();
        current_thread().block_on(SHUTDOWN.begun());
    });
    barrier.wait();
    SHUTDOWN.begin();
    thread.join().unwrap();
}

/// The service of these tests: one byte is a request, and the answer is that byte twice.
async fn serve<S: AsyncReadExt + AsyncWriteExt + Unpin>(
    mut stream: S,
    token: Token,
) -> io::Result<()> {
    let mut request = [0];
    while let Some(read) = token.run_until_begun(stream.read(&mut request)).await {
        if read? == 0 {
            break;
        }
        // Work that takes a while, and is not broken off.
        sleep(Duration::from_millis(2)).await;
        stream.write_all(&[request[0]; 2]).await?;
    }
    Ok(())
}

/// Asks until the service is gone; returns how many answers came. None comes in part.
async fn ask<S: AsyncReadExt + AsyncWriteExt + Unpin>(mut stream: S) -> usize {
    let mut answers = 0;
    loop {
        let mut answer = [0; 2];
        if stream.write_all(&[7]).await.is_err() {
            return answers;
        }
        let mut came = 0;
        while came < 2 {
            match stream.read(&mut answer[came..]).await {
                Ok(0) | Err(_) => {
                    assert_eq!(came, 0, "an answer was broken off");
                    return answers;
                }
                Ok(count) => came += count,
            }
        }
        assert_eq!(answer, [7; 2]);
        answers += 1;
    }
}

async fn a_service_over_tcp_is_drained(at: At) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, shutdown) = (listener.local_addr().unwrap(), GracefulShutdown::new());
    let (accepting, here) = (shutdown.clone(), at.clone());
    let server = at.beside(async move {
        let mut served = Vec::new();
        while let Some(accepted) = accepting.run_until_begun(listener.accept()).await {
            served.push(here.beside(serve(accepted.unwrap().0, accepting.token())));
        }
        drop(listener);
        futures::future::join_all(served).await
    });
    let idle = TcpStream::connect(address).await.unwrap();
    let mut half = TcpStream::connect(address).await.unwrap();
    half.write_all(&[1]).await.unwrap();
    let mut first = [0; 2];
    half.read_exact(&mut first).await.unwrap();
    half.write_all(&[2]).await.unwrap();
    at.deliver().await;
    // Both were accepted before `half` had its first answer.
    let left = shutdown.drain(LONG).await;
    at.note(format!("left {left}, tokens {}", shutdown.tokens()));
    let mut rest = Vec::new();
    half.read_to_end(&mut rest).await.unwrap();
    // The second request was begun before, or the service had ended by then.
    assert!(rest == [2; 2] || rest.is_empty(), "{rest:?}");
    drop((half, idle));
    for served in server.await {
        at.note_result("served", &served);
    }
    let refused = TcpStream::connect(address).await;
    at.note_result("afterwards", &refused.map(drop));
}

cases! {
    a_service_over_tcp_is_drained [];
}

/// Many clients ask without a pause while the service ends.
#[test]
fn no_answer_is_broken_off_under_load() {
    let _watchdog = watchdog();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("service");
    for runtime in [current_thread(), multi_thread(2)] {
        let answers = runtime.block_on(async {
            let listener = UnixListener::bind(&path).unwrap();
            let shutdown = GracefulShutdown::new();
            let accepting = shutdown.clone();
            let server = minato::spawn(async move {
                while let Some(accepted) = accepting.run_until_begun(listener.accept()).await {
                    minato::spawn(serve(accepted.unwrap().0, accepting.token()));
                }
            });
            let asked = Arc::new(AtomicUsize::new(0));
            let clients: Vec<_> = (0..200)
                .map(|_| {
                    let (path, asked) = (path.clone(), asked.clone());
                    minato::spawn(async move {
                        let stream = UnixStream::connect(path).await.unwrap();
                        asked.fetch_add(1, Ordering::Relaxed);
                        ask(stream).await
                    })
                })
                .collect();
            // All of them are connected; the service ends in the middle of their questions.
            while asked.load(Ordering::Relaxed) < 200 {
                sleep(Duration::from_millis(1)).await;
            }
            sleep(Duration::from_millis(20)).await;
            assert_eq!(shutdown.drain(LONG).await, 0);
            server.await.unwrap();
            let mut answers = 0;
            for client in clients {
                answers += client.await.unwrap();
            }
            answers
        });
        assert!(answers > 0, "the service never answered");
        std::fs::remove_file(&path).unwrap();
    }
}

/// A whole program: it is told to end by `SIGTERM` while a request is under way.
#[test]
fn a_process_that_gets_sigterm_answers_and_exits() {
    let name = own_name!(a_process_that_gets_sigterm_answers_and_exits);
    if is_child(&name) {
        return program();
    }
    let _watchdog = watchdog();
    let mut child = child_command(&name).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = io::BufRead::lines(io::BufReader::new(child.stdout.take().unwrap()));
    let address = lines.find_map(|line| line.unwrap().strip_prefix("at ").map(str::to_owned));
    let mut client = std::net::TcpStream::connect(address.unwrap()).unwrap();
    io::Write::write_all(&mut client, b"x").unwrap();
    // The request has arrived, and its answer takes a while.
    assert!(lines.any(|line| line.unwrap() == "asked"));
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    let mut answer = String::new();
    io::Read::read_to_string(&mut client, &mut answer).unwrap();
    assert_eq!(answer, "done");
    assert!(lines.any(|line| line.unwrap() == "left 0"));
    assert!(child.wait().unwrap().success());
}

fn program() {
    multi_thread(2).block_on(async {
        let mut terminate = signal(SignalKind::terminate()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        // The harness has begun a line already.
        println!("\nat {}", listener.local_addr().unwrap());
        let shutdown = GracefulShutdown::new();
        let accept = async {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let token = shutdown.token();
                minato::spawn(async move {
                    stream.read_exact(&mut [0]).await.unwrap();
                    println!("asked");
                    timeout(LONG, token.begun()).await.unwrap();
                    sleep(Duration::from_millis(20)).await;
                    stream.write_all(b"done").await.unwrap();
                });
            }
        };
        futures::future::select(pin!(accept), pin!(terminate.recv())).await;
        println!("left {}", shutdown.drain(LONG).await);
    });
}
