//! Descriptors that are passed: none is left open unseen, and none is lost without a word.

use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, AsRawFd};
use std::pin::pin;
use std::task::Poll;

use minato::net::UnixStream;

use crate::kit::bodies::{on_the_system, stays_pending};
use crate::kit::child::{in_child, own_name};

/// How many descriptors this process has open.
fn open() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Has every message that arrives at `socket` bring a descriptor of the sender's process.
fn pass_processes(socket: &UnixStream) -> io::Result<()> {
    const SO_PASSPIDFD: i32 = 76;
    let on = 1_i32;
    // SAFETY: the value lives, and is as long as the system is told.
    let set = unsafe {
        let number = socket.as_raw_fd();
        libc::setsockopt(number, libc::SOL_SOCKET, SO_PASSPIDFD, (&raw const on).cast(), 4)
    };
    if set == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

#[test]
fn no_descriptor_that_the_system_adds_stays_open() {
    in_child(own_name!(no_descriptor_that_the_system_adds_stays_open), || {
        pollster::block_on(async {
            let (one, two) = UnixStream::pair().unwrap();
            if let Err(error) = pass_processes(&two) {
                assert_eq!(error.raw_os_error(), Some(libc::ENOPROTOOPT), "before Linux 6.5");
                return;
            }
            let null = std::fs::File::open("/dev/null").unwrap();
            for credentials in [false, true] {
                socket2::SockRef::from(&two).set_passcred(credentials).unwrap();
                for wanted in 0..4 {
                    let before = open();
                    one.send_with_fds(b"x", &[null.as_fd(); 2]).await.unwrap();
                    let received = two.recv_with_fds(&mut [0; 4], wanted).await.unwrap();
                    assert_eq!((received.len, received.fds.len()), (1, wanted.min(2)));
                    assert_eq!(received.truncated, wanted < 2, "{wanted} were wanted");
                    drop(received);
                    one.send_with_fds(b"y", &[]).await.unwrap();
                    let received = two.recv_with_fds(&mut [0; 4], wanted).await.unwrap();
                    assert_eq!((received.fds.len(), received.truncated), (0, false));
                    assert_eq!(open(), before, "after two messages, {wanted} wanted");
                }
            }
        });
    });
}

#[test]
fn descriptors_that_could_not_be_delivered_are_told() {
    in_child(own_name!(descriptors_that_could_not_be_delivered_are_told), || {
        pollster::block_on(async {
            let (one, two) = UnixStream::pair().unwrap();
            let null = std::fs::File::open("/dev/null").unwrap();
            // More are sent than are wanted.
            one.send_with_fds(b"y", &[null.as_fd(); 4]).await.unwrap();
            let received = two.recv_with_fds(&mut [0; 9], 2).await.unwrap();
            assert_eq!((received.len, received.fds.len(), received.truncated), (1, 2, true));
            one.send_with_fds(b"y", &[null.as_fd(); 4]).await.unwrap();
            let received = two.recv_with_fds(&mut [0; 9], 4).await.unwrap();
            assert_eq!((received.len, received.fds.len(), received.truncated), (1, 4, false));
            drop(received);

            // There is room for one more in the process.
            let next = null.try_clone().unwrap().as_raw_fd() as u64;
            let few = libc::rlimit { rlim_cur: next + 1, rlim_max: next + 1 };
            for form in 0..3 {
                one.send_with_fds(b"x", &[null.as_fd(); 4]).await.unwrap();
                if form == 0 {
                    // SAFETY: the pointer is to a live value of the right type.
                    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &few) }, 0);
                }
                let mut buf = [0; 9];
                let received = match form {
                    0 => two.recv_with_fds(&mut buf, 4).await,
                    1 => poll_fn(|cx| two.poll_recv_with_fds(cx, &mut buf, 4)).await,
                    _ => two.try_recv_with_fds(&mut buf, 4),
                };
                let received = received.unwrap();
                assert_eq!((received.len, received.fds.len(), received.truncated), (1, 1, true));
            }
        });
    });
}

#[test]
fn the_poll_and_try_forms_pass_descriptors_too() {
    on_the_system(|| async {
        let (one, two) = UnixStream::pair()?;
        let null = std::fs::File::open("/dev/null")?;
        let fds = [null.as_fd()];
        let mut buf = [0; 64];
        let early = two.try_recv_with_fds(&mut buf, 1).unwrap_err();
        assert_eq!(early.kind(), ErrorKind::WouldBlock);
        {
            let mut waiting = pin!(poll_fn(|cx| two.poll_recv_with_fds(cx, &mut buf, 1)));
            assert!(stays_pending(&mut waiting).await);
            assert_eq!(one.try_send_with_fds(b"try", &fds)?, 3);
            let received = waiting.await?;
            assert_eq!((received.len, received.fds.len(), received.truncated), (3, 1, false));
        }
        assert_eq!(poll_fn(|cx| one.poll_send_with_fds(cx, b"poll", &fds)).await?, 4);
        let received = two.recv_with_fds(&mut buf, 1).await?;
        assert_eq!((received.len, received.fds.len(), received.truncated), (4, 1, false));
        // SAFETY: asks for the flags of a descriptor that lives.
        let flags = unsafe { libc::fcntl(received.fds[0].as_raw_fd(), libc::F_GETFD) };
        assert_eq!(flags, libc::FD_CLOEXEC);

        while one.try_send_with_fds(&[0; 64], &[]).is_ok() {}
        while one.try_write(&[0]).is_ok() {}
        poll_fn(|cx| {
            assert!(one.poll_send_with_fds(cx, b"x", &fds).is_pending());
            Poll::Ready(())
        })
        .await;
        let empty = [
            one.try_send_with_fds(b"", &fds).unwrap_err(),
            poll_fn(|cx| one.poll_send_with_fds(cx, b"", &fds)).await.unwrap_err(),
            two.try_recv_with_fds(&mut [], 1).unwrap_err(),
            poll_fn(|cx| two.poll_recv_with_fds(cx, &mut [], 1)).await.unwrap_err(),
        ];
        assert!(empty.iter().all(|error| error.kind() == ErrorKind::InvalidInput), "{empty:?}");
        Ok(())
    });
}
