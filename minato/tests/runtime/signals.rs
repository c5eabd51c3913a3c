//! Listening for signals. They concern a whole process, so each test has one of its own.

use std::io::ErrorKind;
use std::os::raw::c_int;
use std::pin::pin;
use std::sync::Barrier;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use minato::engine::Engine;
use minato::runtime::Builder;
use minato::signal::ctrl_c;
use minato::signal::unix::{Signal, SignalKind, signal};
use minato::sim::World;
use minato::time::sleep;

use crate::forks::forked;
use crate::kit::child::own_name;
use crate::kit::{
    current_thread, in_child, multi_thread, on_each_executor, thread_names, watchdog,
};

/// Sends this process a signal, and returns when it was handled.
fn send(kind: SignalKind) {
    // SAFETY: to raise a signal changes no memory; each of these tests listens for those it sends.
    assert_eq!(unsafe { libc::raise(kind.as_raw_value()) }, 0);
}

fn poll(listener: &mut Signal) -> Poll<Option<()>> {
    listener.poll_recv(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn kinds_are_numbers() {
    let kinds = [
        (SignalKind::alarm(), libc::SIGALRM),
        (SignalKind::child(), libc::SIGCHLD),
        (SignalKind::hangup(), libc::SIGHUP),
        (SignalKind::interrupt(), libc::SIGINT),
        (SignalKind::io(), libc::SIGIO),
        (SignalKind::pipe(), libc::SIGPIPE),
        (SignalKind::quit(), libc::SIGQUIT),
        (SignalKind::terminate(), libc::SIGTERM),
        (SignalKind::user_defined1(), libc::SIGUSR1),
        (SignalKind::user_defined2(), libc::SIGUSR2),
        (SignalKind::window_change(), libc::SIGWINCH),
    ];
    for (kind, number) in kinds {
        assert_eq!((kind.as_raw_value(), c_int::from(kind)), (number, number));
        assert_eq!((SignalKind::from(number), SignalKind::from_raw(number)), (kind, kind));
    }
}

#[test]
fn what_cannot_be_listened_for_is_an_error() {
    in_child(own_name!(what_cannot_be_listened_for_is_an_error), || {
        for number in [-1, 0, libc::SIGKILL, libc::SIGSTOP, libc::SIGSEGV, 1000, c_int::MAX] {
            let error = signal(SignalKind::from_raw(number)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Other);
            assert!(error.to_string().contains(&format!("signal {number}")), "{error}");
        }
        for number in libc::SIGRTMIN()..=libc::SIGRTMAX() {
            let mut listener = signal(SignalKind::from_raw(number)).unwrap();
            send(SignalKind::from_raw(number));
            assert_eq!(poll(&mut listener), Poll::Ready(Some(())));
        }
    });
}

#[test]
fn a_signal_is_received_on_every_executor() {
    in_child(own_name!(a_signal_is_received_on_every_executor), || {
        on_each_executor(|| async {
            // Several may run at once on one thread, so each has a signal for itself.
            thread_local!(static NEXT: std::cell::Cell<c_int> = const { std::cell::Cell::new(0) });
            let kind = SignalKind::from_raw(libc::SIGRTMIN() + NEXT.replace(NEXT.get() + 1));
            let mut listener = signal(kind).unwrap();
            let mut other = signal(kind).unwrap();
            for _ in 0..20 {
                let sender = thread::spawn(move || {
                    thread::sleep(Duration::from_millis(1));
                    send(kind);
                });
                assert_eq!(futures::join!(listener.recv(), other.recv()), (Some(()), Some(())));
                assert!(poll(&mut listener).is_pending() && poll(&mut other).is_pending());
                sender.join().unwrap();
            }
        });
    });
}

#[test]
fn arrivals_merge_and_none_is_lost() {
    in_child(own_name!(arrivals_merge_and_none_is_lost), || {
        let kind = SignalKind::user_defined1();
        let mut early = signal(kind).unwrap();
        for _ in 0..1000 {
            send(kind);
        }
        let mut late = signal(kind).unwrap();
        assert!(poll(&mut late).is_pending());
        assert_eq!(pollster::block_on(early.recv()), Some(()));
        assert!(poll(&mut early).is_pending());
        send(kind);
        // Dropping the future takes nothing away.
        drop(late.recv());
        assert_eq!(pollster::block_on(late.recv()), Some(()));
        assert_eq!(pollster::block_on(early.recv()), Some(()));
        assert!(format!("{early:?}").contains("Signal"));
        // Where the handler runs between the polls of waits that begin anew, many times.
        current_thread().block_on(async {
            for _ in 0..1000 {
                assert!(poll(&mut early).is_pending());
                send(kind);
                early.recv().await.unwrap();
            }
        });
    });
}

#[test]
fn the_handler_stays() {
    in_child(own_name!(the_handler_stays), || {
        let kind = SignalKind::terminate();
        let mut kept = signal(kind).unwrap();
        drop((signal(kind).unwrap(), signal(kind).unwrap()));
        send(kind);
        assert_eq!(pollster::block_on(kept.recv()), Some(()));
        drop(kept);
        send(kind);
        let mut again = signal(kind).unwrap();
        assert!(poll(&mut again).is_pending());
        send(kind);
        assert!(poll(&mut again).is_ready());
    });
}

#[test]
fn ctrl_c_is_heard_each_time() {
    in_child(own_name!(ctrl_c_is_heard_each_time), || {
        for runtime in [current_thread(), multi_thread(2)] {
            runtime.block_on(async {
                for _ in 0..3 {
                    let mut pressed = pin!(ctrl_c());
                    assert!(futures::poll!(pressed.as_mut()).is_pending());
                    send(SignalKind::interrupt());
                    pressed.await.unwrap();
                }
            });
        }
        pollster::block_on(async {
            let mut pressed = pin!(ctrl_c());
            assert!(futures::poll!(pressed.as_mut()).is_pending());
            send(SignalKind::interrupt());
            pressed.await.unwrap();
        });
    });
}

/// The socket of a signal waits on the reactor of one runtime: the others hear of it too, whatever
/// becomes of that one.
#[test]
fn runtimes_share_a_signal() {
    in_child(own_name!(runtimes_share_a_signal), || {
        let kind = SignalKind::hangup();
        for round in 0..30 {
            let barrier = Barrier::new(4);
            thread::scope(|scope| {
                for number in 0..3 {
                    let barrier = &barrier;
                    scope.spawn(move || {
                        let runtime =
                            if number == round % 3 { multi_thread(1) } else { current_thread() };
                        runtime.block_on(async {
                            let mut listener = signal(kind).unwrap();
                            assert!(poll(&mut listener).is_pending());
                            barrier.wait();
                            listener.recv().await.unwrap();
                        });
                    });
                }
                barrier.wait();
                send(kind);
            });
        }

        let (one, two) = (current_thread(), current_thread());
        let mut first = one.block_on(async { signal(kind).unwrap() });
        let mut second = two.block_on(async { signal(kind).unwrap() });
        one.block_on(async { assert!(futures::poll!(pin!(first.recv())).is_pending()) });
        // The first one is not driven now, and then it is gone.
        for _ in 0..2 {
            let sender = thread::spawn(move || {
                thread::sleep(Duration::from_millis(5));
                send(kind);
            });
            two.block_on(second.recv()).unwrap();
            sender.join().unwrap();
        }
        drop(one);
        let sender = thread::spawn(move || {
            thread::sleep(Duration::from_millis(5));
            send(kind);
        });
        two.block_on(async { assert_eq!(futures::join!(first.recv(), second.recv()).1, Some(())) });
        sender.join().unwrap();
    });
}

#[test]
fn a_listener_that_waits_survives_its_runtime() {
    in_child(own_name!(a_listener_that_waits_survives_its_runtime), || {
        let kind = SignalKind::user_defined2();
        let mut listener = signal(kind).unwrap();
        for runtime in [current_thread(), multi_thread(1)] {
            let waited = runtime.block_on(async {
                let waiting = minato::spawn(async move {
                    assert!(poll(&mut listener).is_pending());
                    listener
                });
                waiting.await.unwrap()
            });
            listener = waited;
            drop(runtime);
            let sender = thread::spawn(move || {
                thread::sleep(Duration::from_millis(5));
                send(kind);
            });
            assert_eq!(pollster::block_on(listener.recv()), Some(()));
            sender.join().unwrap();
        }
    });
}

#[test]
fn many_listeners_need_two_descriptors() {
    in_child(own_name!(many_listeners_need_two_descriptors), || {
        let descriptors = || std::fs::read_dir("/proc/self/fd").unwrap().count();
        let kind = SignalKind::user_defined1();
        current_thread().block_on(async {
            // What checks a descriptor is kept too.
            let _other = signal(SignalKind::hangup()).unwrap();
            let before = descriptors();
            let mut listeners = vec![signal(kind).unwrap()];
            assert_eq!(descriptors() - before, 2);
            // A wait that is nobody's starts what serves it, with descriptors of its own.
            assert!(poll(&mut listeners[0]).is_pending());
            let before = descriptors();
            listeners.extend((1..5000).map(|_| signal(kind).unwrap()));
            assert!(listeners.iter_mut().all(|listener| poll(listener).is_pending()));
            assert!(descriptors() < before + 10);
            let received = futures::future::join_all(listeners.iter_mut().map(Signal::recv));
            let send = async {
                sleep(Duration::from_millis(1)).await;
                send(kind);
            };
            assert_eq!(futures::join!(received, send).0.len(), 5000);
        });
    });
}

#[test]
fn one_runtime_with_listeners_has_no_hidden_thread() {
    in_child(own_name!(one_runtime_with_listeners_has_no_hidden_thread), || {
        current_thread().block_on(async {
            let mut one = signal(SignalKind::hangup()).unwrap();
            let mut two = signal(SignalKind::hangup()).unwrap();
            let task = minato::spawn(async move { two.recv().await });
            let send = async {
                sleep(Duration::from_millis(5)).await;
                send(SignalKind::hangup());
            };
            assert_eq!(futures::join!(one.recv(), send).0, Some(()));
            assert_eq!(task.await.unwrap(), Some(()));
        });
        let names = thread_names();
        assert!(!names.iter().any(|name| name.starts_with("minato-")), "{names:?}");
    });
}

#[test]
fn where_hidden_threads_are_forbidden_recv_says_so() {
    in_child(own_name!(where_hidden_threads_are_forbidden_recv_says_so), || {
        minato::runtime::forbid_implicit();
        let mut listener = signal(SignalKind::hangup()).unwrap();
        assert_eq!(pollster::block_on(listener.recv()), None);
        let error = pollster::block_on(ctrl_c()).unwrap_err();
        assert!(error.to_string().contains("forbid"), "{error}");
        // What has arrived is told all the same.
        send(SignalKind::hangup());
        assert_eq!(pollster::block_on(listener.recv()), Some(()));
    });
}

#[test]
fn a_forked_child_listens_for_itself() {
    in_child(own_name!(a_forked_child_listens_for_itself), || {
        let kind = SignalKind::user_defined1();
        let runtime = current_thread();
        let mut parents = signal(kind).unwrap();
        runtime.block_on(async { assert!(poll(&mut parents).is_pending()) });
        assert!(forked(|| {
            let mut own = signal(kind).unwrap();
            for _ in 0..3 {
                assert!(poll(&mut own).is_pending());
                send(kind);
                assert_eq!(current_thread().block_on(own.recv()), Some(()));
            }
            assert_eq!(pollster::block_on(parents.recv()), None);
        }));
        // None of that reached the parent.
        assert!(poll(&mut parents).is_pending());
        send(kind);
        assert_eq!(runtime.block_on(parents.recv()), Some(()));
    });
}

#[test]
fn a_simulated_host_gets_none() {
    let _watchdog = watchdog();
    let world = World::builder().seed(1).build();
    let engine = Engine::sim(world.host("island"));
    let runtime = Builder::new_current_thread().engine(engine).build().unwrap();
    runtime.block_on(async {
        let error = signal(SignalKind::hangup()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.to_string().contains("island"), "{error}");
        assert_eq!(ctrl_c().await.unwrap_err().kind(), ErrorKind::Unsupported);
    });
}
