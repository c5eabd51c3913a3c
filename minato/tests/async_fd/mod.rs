//! `AsyncFd`: descriptors of somebody else's, most of them pipes here.

mod ends;
mod shared;

use std::future::poll_fn;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::kit::bodies::{on_the_system, poll_with, simulated, stays_pending};
use crate::kit::counting::Counting;
use futures::future;
use minato::engine::{Engine, Interest, Readiness};
use minato::net::AsyncFd;
use minato::reactor::Reactor;
use minato::runtime::Builder;
use minato::sim::World;
use mio::unix::pipe::{Receiver, Sender};

/// The two ends of a non-blocking pipe.
fn pipe() -> io::Result<(Sender, Receiver)> {
    mio::unix::pipe::new()
}

/// Two connected non-blocking sockets of std's.
fn pair() -> io::Result<(UnixStream, UnixStream)> {
    let (one, two) = UnixStream::pair()?;
    one.set_nonblocking(true)?;
    two.set_nonblocking(true)?;
    Ok((one, two))
}

#[test]
fn a_guard_clears_what_would_block() {
    on_the_system(|| async {
        let (mut sender, receiver) = pipe()?;
        let receiver = AsyncFd::from_owner_with_interest(receiver, Interest::READABLE)?;
        let mut buf = [0; 8];
        assert!(stays_pending(&mut pin!(receiver.readable())).await);
        sender.write_all(b"12345678910")?;

        let mut guard = receiver.readable().await?;
        assert!(guard.ready().is_readable());
        assert_eq!(guard.try_io(|fd| fd.get_ref().read(&mut buf)).unwrap()?, 8);
        assert_eq!(guard.try_io(|fd| fd.get_ref().read(&mut buf)).unwrap()?, 3);
        let error = guard.try_io(|fd| fd.get_ref().read(&mut buf)).unwrap_err();
        assert!(error.to_string().contains("block"));
        assert!(guard.ready().is_empty());
        assert!(stays_pending(&mut pin!(receiver.readable())).await);

        // Errors other than that clear nothing.
        sender.write_all(b"x")?;
        let mut guard = receiver.readable().await?;
        let result = guard.try_io(|_| Err::<(), _>(io::Error::other("mine"))).unwrap();
        assert_eq!(result.unwrap_err().to_string(), "mine");
        assert_eq!(receiver.readable().await?.get_inner().read(&mut buf)?, 1);
        Ok(())
    });
}

#[test]
fn what_is_cleared_is_gone_until_the_next_event() {
    on_the_system(|| async {
        let (one, mut two) = pair()?;
        let one = AsyncFd::from_owner(one)?;
        two.write_all(b"x")?;
        // Both directions are ready; only one is cleared.
        one.readable().await?.retain_ready();
        let mut guard = one.ready(Interest::READABLE | Interest::WRITABLE).await?;
        assert!(guard.ready().contains(Readiness::READABLE | Readiness::WRITABLE));
        guard.clear_ready_matching(Readiness::READABLE);
        assert_eq!(guard.ready(), Readiness::WRITABLE);
        assert!(stays_pending(&mut pin!(one.readable())).await, "though there is data");
        one.writable().await?.clear_ready();
        assert!(stays_pending(&mut pin!(one.writable())).await, "though there is room");
        two.write_all(b"y")?;
        one.readable().await?.retain_ready();
        one.readable().await?.retain_ready();
        Ok(())
    });
}

#[test]
fn readiness_that_came_later_is_not_cleared() -> io::Result<()> {
    let mut reactor = Reactor::new()?;
    let (mut sender, receiver) = pair()?;
    let receiver = AsyncFd::with_interest_on(reactor.handle(), receiver, Interest::READABLE)?;
    let (count, waker) = Counting::new();
    let mut turn_until = |wakes: usize| {
        while count.count() < wakes {
            reactor.turn(None).unwrap();
        }
    };
    assert!(poll_with(&mut Box::pin(receiver.readable()), &waker).is_pending());
    let mut waiting = Box::pin(receiver.readable());
    assert!(poll_with(&mut waiting, &waker).is_pending());
    sender.write_all(b"first")?;
    turn_until(1);
    let Poll::Ready(Ok(mut guard)) = poll_with(&mut waiting, &waker) else { panic!("not ready") };

    sender.write_all(b"second")?;
    reactor.turn(None)?;
    guard.clear_ready();
    assert!(receiver.poll_read_ready(&mut Context::from_waker(&waker)).is_ready());
    Ok(())
}

#[test]
fn of_the_polls_the_last_is_woken_and_of_the_waits_each() -> io::Result<()> {
    let mut reactor = Reactor::new()?;
    let (mut sender, receiver) = pipe()?;
    let receiver = AsyncFd::new_on(reactor.handle(), receiver)?;
    let (replaced, first) = Counting::new();
    let (last, second) = Counting::new();
    let (waited, third) = Counting::new();
    let (dropped, fourth) = Counting::new();
    assert!(receiver.poll_read_ready(&mut Context::from_waker(&first)).is_pending());
    assert!(receiver.poll_read_ready(&mut Context::from_waker(&second)).is_pending());
    let mut waits: Vec<_> = (0..3).map(|_| Box::pin(receiver.readable())).collect();
    for wait in &mut waits {
        assert!(poll_with(wait, &third).is_pending());
    }
    assert!(poll_with(&mut Box::pin(receiver.readable()), &fourth).is_pending());
    drop(fourth);
    sender.write_all(b"x")?;
    while last.count() == 0 || waited.count() < 3 {
        reactor.turn(None)?;
    }
    assert_eq!((replaced.count(), last.count(), dropped.count()), (0, 1, 0));
    assert_eq!(Arc::strong_count(&dropped), 1, "no clone of the waker is left");
    assert!(waits.iter_mut().all(|wait| poll_with(wait, &third).is_ready()));
    Ok(())
}

#[test]
fn a_full_pipe_is_waited_for() {
    on_the_system(|| async {
        let (sender, receiver) = pipe()?;
        let (mut sender, receiver) = (AsyncFd::from_owner(sender)?, AsyncFd::from_owner(receiver)?);
        let all: Vec<u8> = (0..500_000_u32).map(|at| (at % 251) as u8).collect();
        let send = async {
            let mut sent = 0;
            while sent < all.len() {
                let rest = &all[sent..];
                sent += sender.async_io_mut(Interest::WRITABLE, |fd| fd.write(rest)).await?;
            }
            drop(sender);
            io::Result::Ok(())
        };
        let receive = async {
            let (mut received, mut buf) = (Vec::new(), [0; 4096]);
            loop {
                let read = receiver.async_io(Interest::READABLE, |mut fd| fd.read(&mut buf)).await;
                match read? {
                    0 => return io::Result::Ok(received),
                    len => received.extend_from_slice(&buf[..len]),
                }
            }
        };
        let (sent, received) = future::join(send, receive).await;
        sent?;
        assert!(received? == all);
        Ok(())
    });
}

#[test]
fn the_mutable_forms() {
    on_the_system(|| async {
        let (one, mut two) = pair()?;
        let mut one = AsyncFd::from_owner(one)?;
        one.writable_mut().await?.get_inner_mut().write_all(b"out")?;
        assert_eq!(two.read(&mut [0; 8])?, 3);
        two.write_all(b"in")?;
        let mut buf = [0; 8];
        let mut guard = one.readable_mut().await?;
        assert_eq!(guard.try_io(|fd| fd.get_mut().read(&mut buf)).unwrap()?, 2);
        assert!(guard.try_io(|fd| fd.get_mut().read(&mut buf)).is_err());
        assert!(guard.get_ref().get_ref().peer_addr().is_ok());
        let error = one.try_io_mut(Interest::READABLE, |fd| fd.read(&mut buf)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
        two.write_all(b"more")?;
        poll_fn(|cx| one.poll_read_ready_mut(cx).map_ok(drop)).await?;
        poll_fn(|cx| one.poll_write_ready_mut(cx).map_ok(drop)).await?;
        poll_fn(|cx| one.poll_write_ready(cx).map_ok(drop)).await?;
        assert_eq!(one.try_io(Interest::READABLE, |mut fd| fd.read(&mut buf))?, 4);
        Ok(())
    });
}

#[test]
fn an_end_is_seen_and_stays() {
    on_the_system(|| async {
        let (sender, receiver) = pipe()?;
        let receiver = AsyncFd::from_owner_with_interest(receiver, Interest::READABLE)?;
        drop(sender);
        let mut guard = receiver.readable().await?;
        assert!(guard.ready().is_read_closed());
        guard.clear_ready();
        assert!(receiver.readable().await?.ready().is_read_closed());
        assert_eq!(receiver.get_ref().read(&mut [0])?, 0);

        let (sender, receiver) = pipe()?;
        let sender = AsyncFd::from_owner_with_interest(sender, Interest::WRITABLE)?;
        drop(receiver);
        assert!(sender.writable().await?.ready().is_writable());
        let written = sender.async_io(Interest::WRITABLE, |mut fd| fd.write(b"x")).await;
        assert_eq!(written.unwrap_err().kind(), ErrorKind::BrokenPipe);
        Ok(())
    });
}

#[test]
fn urgent_data_is_an_interest_of_its_own() {
    on_the_system(|| async {
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        let client = std::net::TcpStream::connect(listener.local_addr()?)?;
        let (server, _) = listener.accept()?;
        server.set_nonblocking(true)?;
        let server = AsyncFd::from_owner_with_interest(server, Interest::PRIORITY)?;
        assert!(stays_pending(&mut pin!(server.ready(Interest::PRIORITY))).await);
        socket2::SockRef::from(&client).send_out_of_band(b"!")?;
        let mut guard = server.ready(Interest::PRIORITY).await?;
        assert!(guard.ready().is_priority());
        guard.clear_ready();
        assert!(stays_pending(&mut pin!(server.ready(Interest::PRIORITY))).await);
        Ok(())
    });
}

/// Within a runtime; elsewhere a try starts no thread, and so asks the descriptor each time.
#[test]
fn a_try_that_would_block_is_remembered_before_any_wait() {
    let runtime = Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let (one, mut two) = pair().unwrap();
        let one = AsyncFd::from_owner(one).unwrap();
        let blocked = one.try_io(Interest::READABLE, |mut one| one.read(&mut [0; 4]));
        assert_eq!(blocked.unwrap_err().kind(), ErrorKind::WouldBlock);
        let unready: io::Result<()> =
            one.try_io(Interest::READABLE, |_| panic!("called though the last try would block"));
        assert_eq!(unready.unwrap_err().kind(), ErrorKind::WouldBlock);
        one.try_io(Interest::WRITABLE, |_| Ok(())).expect("the other direction was not tried");
        two.write_all(b"x").unwrap();
        one.readable().await.unwrap().retain_ready();
        let read = one.try_io(Interest::READABLE, |mut one| one.read(&mut [0; 4]));
        assert_eq!(read.expect("the event of the new data"), 1);
    });
}

#[test]
fn more_than_was_asked_for_is_refused_and_named() {
    on_the_system(|| async {
        let (_sender, receiver) = pipe()?;
        let receiver = AsyncFd::from_owner_with_interest(receiver, Interest::READABLE)?;
        let both = Interest::READABLE | Interest::WRITABLE;
        let errors = [
            receiver.writable().await.unwrap_err(),
            receiver.ready(both).await.unwrap_err(),
            poll_fn(|cx| receiver.poll_write_ready(cx)).await.unwrap_err(),
            receiver.try_io(Interest::WRITABLE, |_| Ok(())).unwrap_err(),
            receiver.async_io(Interest::PRIORITY, |_| Ok(())).await.unwrap_err(),
        ];
        for error in errors {
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            let text = error.to_string();
            assert!(
                text.starts_with("this AsyncFd was made for Interest({READABLE}), not"),
                "{text}"
            );
        }
        let error = receiver.try_io(Interest::PRIORITY, |_| Ok(())).unwrap_err();
        assert!(error.to_string().ends_with("not for Interest({PRIORITY})"), "{error}");
        Ok(())
    });
}

#[derive(Debug)]
struct Number(RawFd);

impl AsRawFd for Number {
    fn as_raw_fd(&self) -> RawFd {
        self.0
    }
}

#[test]
fn bad_descriptors_are_refused_at_once_and_given_back() {
    for number in [-1, 1_000_000] {
        // SAFETY: it is refused, so nothing is done with the number.
        let error = unsafe { AsyncFd::register(Number(number)) }.unwrap_err();
        assert!(error.to_string().contains("not open"), "{error}");
        assert!(error.to_string().contains(&number.to_string()), "{error}");
        let (inner, cause) = error.into_parts();
        assert_eq!((inner.0, cause.raw_os_error()), (number, Some(libc::EBADF)));
        // SAFETY: as above.
        let error = unsafe { AsyncFd::register_with_interest(Number(number), Interest::READABLE) };
        assert_eq!(io::Error::from(error.unwrap_err()).raw_os_error(), Some(libc::EBADF));
    }
    for path in ["/proc/self/exe", "/"] {
        let file = std::fs::File::open(path).unwrap();
        let error = AsyncFd::from_owner_with_interest(file, Interest::READABLE).unwrap_err();
        assert!(error.to_string().contains("regular file"), "{error}");
        assert!(format!("{error:?}").contains("Operation not permitted"), "{error:?}");
        let (file, cause) = error.into_parts();
        let error = AsyncFd::from_owner(file).unwrap_err();
        assert_eq!(error.to_string().matches("regular file").count(), 1, "{error}");
        let (mut file, cause_again) = error.into_parts();
        assert_eq!(cause_again.raw_os_error(), cause.raw_os_error());
        assert_eq!(cause.raw_os_error(), Some(libc::EPERM));
        _ = file.read(&mut [0]);
    }
}

#[test]
fn it_is_deregistered_before_it_is_given_back_or_dropped() -> io::Result<()> {
    let mut reactor = Reactor::new()?;
    let (mut sender, receiver) = pipe()?;
    // Somebody else keeps the descriptor open, so that closing does not end the registration.
    let mut shared = Arc::new(OwnedFd::from(receiver));
    let (count, waker) = Counting::new();
    for round in 0..6 {
        let fd = AsyncFd::with_interest_on(reactor.handle(), shared.clone(), Interest::READABLE)?;
        let mut waiting = Box::pin(fd.readable());
        let Poll::Pending = poll_with(&mut waiting, &waker) else {
            panic!("round {round}: registered anew, and there is nothing to read")
        };
        assert!(!reactor.is_idle());
        drop(waiting);
        if round % 2 == 0 {
            shared = fd.into_inner();
        } else {
            drop(fd);
        }
        assert!(reactor.is_idle());
    }
    // Nobody is registered: the event is not there.
    sender.write_all(b"x")?;
    reactor.turn(Some(std::time::Duration::ZERO))?;
    assert_eq!(count.count(), 0);
    Ok(())
}

#[test]
fn it_moves_on_when_its_reactor_ends() {
    let (mut sender, receiver) = pipe().unwrap();
    let receiver = AsyncFd::from_owner(receiver).unwrap();
    let runtime = minato::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        assert!(stays_pending(&mut pin!(receiver.readable())).await);
    });
    drop(runtime);
    pollster::block_on(async {
        let mut waiting = pin!(receiver.readable());
        assert!(stays_pending(&mut waiting).await);
        sender.write_all(b"x").unwrap();
        waiting.await.unwrap().retain_ready();
    });
    let reactor = Reactor::new().unwrap();
    let bound = AsyncFd::new_on(reactor.handle(), receiver.into_inner()).unwrap();
    drop(reactor);
    let error = pollster::block_on(bound.readable()).unwrap_err();
    assert!(error.to_string().contains("shut down"), "{error}");
}

#[test]
fn a_simulated_runtime_has_no_descriptors() {
    simulated(|| async {
        let (_sender, receiver) = pipe()?;
        let error = AsyncFd::from_owner(receiver).map_err(io::Error::from).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.to_string().contains("sim engine"), "{error}");
        Ok(())
    });
    let world = World::new(1);
    let reactor = Reactor::with_engine(Engine::sim(world.host("alone"))).unwrap();
    let (_sender, receiver) = pipe().unwrap();
    let error = AsyncFd::new_on(reactor.handle(), receiver).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
}
