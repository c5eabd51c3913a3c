//! Ends that were none: the system reports a hang-up, and later the descriptor is open.

use std::ffi::CString;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::path::Path;
use std::pin::pin;

use minato::engine::Interest;
use minato::net::AsyncFd;
use socket2::{Domain, SockAddr, Socket, Type};

use super::pair;
use crate::fifo;
use crate::kit::bodies::{on_the_system, stays_pending};

fn open(path: &Path, flags: i32) -> OwnedFd {
    let path = CString::new(path.as_os_str().as_encoded_bytes()).unwrap();
    let flags = flags | libc::O_NONBLOCK | libc::O_NOCTTY | libc::O_CLOEXEC;
    // SAFETY: the path ends with a zero byte, and a new descriptor is owned once.
    unsafe {
        let descriptor = libc::open(path.as_ptr(), flags);
        assert!(descriptor >= 0, "{}", io::Error::last_os_error());
        OwnedFd::from_raw_fd(descriptor)
    }
}

fn read(descriptor: &impl AsRawFd) -> io::Result<usize> {
    let mut buf = [0u8; 16];
    // SAFETY: the buffer is as long as the system is told.
    let len = unsafe { libc::read(descriptor.as_raw_fd(), buf.as_mut_ptr().cast(), buf.len()) };
    usize::try_from(len).map_err(|_| io::Error::last_os_error())
}

/// The ways in which a program tells that a read found nothing.
#[derive(Clone, Copy, Debug)]
enum Way {
    Guard,
    GuardMut,
    Clear,
    TryIo,
    AsyncIo,
    Poll,
}

const WAYS: [Way; 6] = [Way::Guard, Way::GuardMut, Way::Clear, Way::TryIo, Way::AsyncIo, Way::Poll];

/// Reads in the given way until the read finds nothing, then waits: whether the wait waits.
async fn waits<T: AsRawFd>(mut descriptor: AsyncFd<T>, way: Way) -> io::Result<AsyncFd<T>> {
    match way {
        Way::Guard => {
            descriptor.readable().await?.try_io(|fd| read(fd.get_ref())).unwrap_err();
        }
        Way::GuardMut => {
            descriptor.readable_mut().await?.try_io(|fd| read(fd.get_ref())).unwrap_err();
        }
        Way::Clear => {
            let mut guard = descriptor.readable().await?;
            assert_eq!(read(guard.get_inner()).unwrap_err().kind(), ErrorKind::WouldBlock);
            guard.clear_ready();
        }
        Way::TryIo => {
            let found = descriptor.try_io(Interest::READABLE, read).unwrap_err();
            assert_eq!(found.kind(), ErrorKind::WouldBlock);
        }
        Way::AsyncIo => {
            assert!(stays_pending(&mut pin!(descriptor.async_io(Interest::READABLE, read))).await);
        }
        Way::Poll => {
            let guard = std::future::poll_fn(|cx| descriptor.poll_read_ready(cx));
            guard.await?.try_io(|fd| read(fd.get_ref())).unwrap_err();
        }
    }
    assert!(stays_pending(&mut pin!(descriptor.readable())).await, "spins after {way:?}");
    Ok(descriptor)
}

#[test]
fn a_fifo_that_is_opened_again_is_waited_for() {
    on_the_system(|| async {
        for way in WAYS {
            let directory = tempfile::tempdir()?;
            let path = fifo(directory.path())?;
            let reader = open(&path, libc::O_RDONLY);
            let reader = AsyncFd::from_owner_with_interest(reader, Interest::READABLE)?;
            let first = open(&path, libc::O_WRONLY);
            assert!(stays_pending(&mut pin!(reader.readable())).await);
            drop(first);
            let end = reader.readable().await?;
            assert!(end.ready().is_read_closed());
            assert_eq!(read(reader.get_ref())?, 0);

            let mut second = std::fs::File::from(open(&path, libc::O_WRONLY));
            let reader = waits(reader, way).await?;
            second.write_all(b"two")?;
            assert_eq!(reader.async_io(Interest::READABLE, read).await?, 3);
            drop(second);
            assert_eq!(reader.async_io(Interest::READABLE, read).await?, 0);
        }
        Ok(())
    });
}

#[test]
fn a_terminal_that_is_opened_again_is_waited_for() {
    on_the_system(|| async {
        for way in WAYS {
            let master = open(Path::new("/dev/ptmx"), libc::O_RDWR);
            let mut name = [0; 64];
            // SAFETY: a terminal of our own, and a buffer as long as the system is told.
            let path = unsafe {
                assert_eq!(libc::grantpt(master.as_raw_fd()), 0);
                assert_eq!(libc::unlockpt(master.as_raw_fd()), 0);
                let (number, room) = (master.as_raw_fd(), name.len());
                assert_eq!(libc::ptsname_r(number, name.as_mut_ptr(), room), 0);
                std::ffi::CStr::from_ptr(name.as_ptr()).to_str().unwrap().to_owned()
            };
            let master = AsyncFd::from_owner(master)?;
            let first = open(Path::new(&path), libc::O_RDWR);
            assert!(stays_pending(&mut pin!(master.readable())).await);
            drop(first);
            assert!(master.readable().await?.ready().is_read_closed());
            assert_eq!(read(master.get_ref()).unwrap_err().raw_os_error(), Some(libc::EIO));

            let mut second = std::fs::File::from(open(Path::new(&path), libc::O_RDWR));
            let master = waits(master, way).await?;
            second.write_all(b"two")?;
            assert_eq!(master.async_io(Interest::READABLE, read).await?, 3);
        }
        Ok(())
    });
}

/// Before a socket connects, the system reports it as closed in both directions.
#[test]
fn a_socket_that_is_waited_for_before_it_connects_is_waited_for_afterwards() {
    on_the_system(|| async {
        for way in WAYS {
            let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
            let client = Socket::new(Domain::IPV4, Type::STREAM, None)?;
            client.set_nonblocking(true)?;
            let client = AsyncFd::from_owner(client)?;
            let early = client.ready(Interest::READABLE | Interest::WRITABLE).await?;
            assert!(early.ready().is_read_closed() && early.ready().is_write_closed());

            _ = client.get_ref().connect(&SockAddr::from(listener.local_addr()?));
            let (mut server, _) = listener.accept()?;
            client.writable().await?.retain_ready();
            let client = waits(client, way).await?;
            server.write_all(b"two")?;
            assert_eq!(client.async_io(Interest::READABLE, read).await?, 3);
            // The other direction has been closed as little as this one.
            let fill = |mut socket: &Socket| match socket.write(&[0; 65_536]) {
                Ok(_) => Err(ErrorKind::Interrupted.into()),
                full => full,
            };
            assert!(stays_pending(&mut pin!(client.async_io(Interest::WRITABLE, fill))).await);
            assert!(stays_pending(&mut pin!(client.writable())).await);
        }
        Ok(())
    });
}

/// Only the system knows which of the directions it was that would block.
#[test]
fn an_end_is_not_forgotten_when_the_other_direction_would_block() {
    on_the_system(|| async {
        let (one, two) = pair()?;
        let one = AsyncFd::from_owner(one)?;
        two.shutdown(std::net::Shutdown::Write)?;
        assert!(one.readable().await?.ready().is_read_closed());
        let both = Interest::READABLE | Interest::WRITABLE;
        let fill = |mut socket: &std::os::unix::net::UnixStream| socket.write(&[0; 65_536]);
        while one.try_io(both, fill).is_ok() {}
        assert!(one.readable().await?.ready().is_read_closed());
        assert_eq!(one.get_ref().as_fd().as_raw_fd(), one.as_raw_fd());
        assert_eq!(one.async_io(Interest::READABLE, |mut fd| fd.read(&mut [0])).await?, 0);
        assert!(stays_pending(&mut pin!(one.writable())).await);
        Ok(())
    });
}
