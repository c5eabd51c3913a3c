//! Several `AsyncFd`s of one descriptor, and descriptors that are exchanged.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::pin::pin;
use std::sync::Arc;

use minato::engine::Interest;
use minato::net::AsyncFd;

use super::{pair, pipe};
use crate::kit::bodies::{on_the_system, stays_pending};

/// One to read and one to write, as programs have them for TUN devices.
#[test]
fn two_of_one_descriptor_wait_beside_each_other() {
    on_the_system(|| async {
        for first_goes in [true, false] {
            let (one, mut two) = pair()?;
            let shared = Arc::new(one);
            let reader = AsyncFd::from_owner_with_interest(shared.clone(), Interest::READABLE)?;
            let writer = AsyncFd::from_owner(shared.clone())?;
            assert!(stays_pending(&mut pin!(reader.readable())).await);
            writer.writable().await?.retain_ready();
            let fill = |socket: &Arc<UnixStream>| (&**socket).write(&[7; 65_536]);
            while writer.try_io(Interest::WRITABLE, fill).is_ok() {}
            assert!(stays_pending(&mut pin!(writer.writable())).await);

            two.write_all(b"x")?;
            reader.readable().await?.retain_ready();
            while two.read(&mut [0; 65_536]).is_ok() {}
            writer.writable().await?.retain_ready();

            // The one that is left goes on, whichever of the two was registered first.
            let (left, gone) = if first_goes { (writer, reader) } else { (reader, writer) };
            drop(gone.into_inner());
            let mut buf = [0; 8];
            let mut read = |fd: &Arc<UnixStream>| (&**fd).read(&mut buf);
            assert_eq!(left.async_io(Interest::READABLE, &mut read).await?, 1);
            {
                let mut waiting = pin!(left.async_io(Interest::READABLE, &mut read));
                assert!(stays_pending(&mut waiting).await);
                two.write_all(b"more")?;
                assert_eq!(waiting.await?, 4);
            }
            let third = AsyncFd::from_owner(shared)?;
            assert!(stays_pending(&mut pin!(third.readable())).await);
        }
        Ok(())
    });
}

#[test]
fn a_socket_of_ours_is_waited_for_in_an_async_fd_too() {
    on_the_system(|| async {
        let (one, two) = minato::net::UnixStream::pair()?;
        assert!(stays_pending(&mut pin!(one.readable())).await);
        let beside = AsyncFd::from_owner_with_interest(one.as_fd(), Interest::READABLE)?;
        assert!(stays_pending(&mut pin!(beside.readable())).await);
        two.try_write(b"x")?;
        beside.readable().await?.retain_ready();
        one.readable().await?;
        assert_eq!(one.try_read(&mut [0; 8])?, 1);
        Ok(())
    });
}

/// Closing what an `AsyncFd` was made with is a mistake. It must not touch whoever has got the
/// number of that descriptor meanwhile.
#[test]
fn an_owner_that_was_exchanged_leaves_the_old_number_alone() {
    on_the_system(|| async {
        let (one, _two) = pair()?;
        let mut exchanged =
            AsyncFd::from_owner_with_interest(OwnedFd::from(one), Interest::READABLE)?;
        assert!(stays_pending(&mut pin!(exchanged.readable())).await);
        let number = exchanged.as_raw_fd();
        let (other, _its_writer) = pair()?;
        drop(std::mem::replace(exchanged.get_mut(), other.into()));

        // The number goes to the next that asks for one.
        let (mut writers, mut bystanders) = (Vec::new(), Vec::new());
        for _ in 0..64 {
            let (writer, reader) = pipe()?;
            let reader =
                AsyncFd::from_owner_with_interest(OwnedFd::from(reader), Interest::READABLE)?;
            assert!(stays_pending(&mut pin!(reader.readable())).await);
            writers.push(writer);
            bystanders.push(reader);
            let last = bystanders.last().map(AsRawFd::as_raw_fd);
            if last == Some(number) {
                break;
            }
        }
        drop(exchanged);
        for (mut writer, reader) in writers.into_iter().zip(bystanders) {
            writer.write_all(b"x")?;
            reader.readable().await?.retain_ready();
        }
        Ok(())
    });
}

/// What has a number only, and no right to it that the compiler knows.
#[derive(Debug)]
struct Number<'a>(BorrowedFd<'a>);

impl AsRawFd for Number<'_> {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

#[test]
fn a_bare_number_is_registered_by_who_vouches_for_it() {
    on_the_system(|| async {
        let (one, mut two) = pair()?;
        // SAFETY: the descriptor is borrowed for longer than it is waited for.
        let number = unsafe { AsyncFd::register(Number(one.as_fd())) }.map_err(io::Error::from)?;
        assert!(stays_pending(&mut pin!(number.readable())).await);
        two.write_all(b"x")?;
        number.readable().await?.retain_ready();
        drop(number);
        // SAFETY: as above.
        let number = unsafe {
            AsyncFd::register_with_interest(Number(one.as_fd()), Interest::READABLE)
                .map_err(io::Error::from)?
        };
        number.readable().await?.retain_ready();
        assert_eq!(number.writable().await.unwrap_err().kind(), io::ErrorKind::InvalidInput);
        Ok(())
    });
}

/// As in tokio, which deprecates it, too.
#[test]
#[allow(deprecated, reason = "this is the test of it")]
fn a_bare_number_is_taken_by_the_old_constructors() {
    on_the_system(|| async {
        let (one, mut two) = pair()?;
        two.write_all(b"x")?;
        let number = || Number(one.as_fd());
        for taken in [
            AsyncFd::new(number())?,
            AsyncFd::with_interest(number(), Interest::READABLE)?,
            AsyncFd::try_new(number())?,
            AsyncFd::try_with_interest(number(), Interest::READABLE)?,
        ] {
            taken.readable().await?.retain_ready();
            assert_eq!(taken.as_fd().as_raw_fd(), one.as_raw_fd());
        }
        Ok(())
    });
}

/// Before the first wait the system is asked whether an operation has a chance.
#[test]
fn a_try_is_made_only_if_the_descriptor_may_be_ready() {
    on_the_system(|| async {
        let (one, mut two) = pair()?;
        let mut one = AsyncFd::from_owner(one)?;
        let never = |_: &mut UnixStream| -> io::Result<()> { panic!("it has nothing to read") };
        let error = one.try_io_mut(Interest::READABLE, never).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
        one.try_io(Interest::WRITABLE, |_| Ok(()))?;
        two.write_all(b"x")?;
        one.readable().await?.retain_ready();
        one.try_io(Interest::READABLE, |mut one| one.read_exact(&mut [0]))?;
        let (one, two) = pair()?;
        drop(two);
        let one = AsyncFd::from_owner_with_interest(one, Interest::READABLE)?;
        assert_eq!(one.try_io(Interest::READABLE, |mut one| one.read(&mut [0]))?, 0);
        Ok(())
    });
}
