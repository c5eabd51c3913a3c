//! Pipes: anonymous ones, FIFOs, and descriptors from elsewhere.

use std::fs::{File, OpenOptions as FileOptions};
use std::io::{self, ErrorKind, IoSlice, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::pin::pin;

use futures::FutureExt;
use futures::future;
use minato::io::{AsyncReadExt, AsyncWriteExt, Interest};
use minato::net::unix::pipe::{self, OpenOptions, Receiver, Sender};
use minato::runtime::Builder;
use rustix::fs::{OFlags, fcntl_getfl};

use crate::kit::bodies::{on_the_system, simulated, stays_pending};
use crate::{directory, fifo};

fn is_nonblocking(end: &impl AsFd) -> bool {
    fcntl_getfl(end).unwrap().contains(OFlags::NONBLOCK)
}

/// Writes until there is no room; returns how many bytes that were.
fn fill(sender: &Sender) -> usize {
    let mut len = 0;
    loop {
        match sender.try_write(&[7; 1000]) {
            Ok(written) => len += written,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                return len;
            }
        }
    }
}

#[test]
fn bytes_go_one_way_and_end() {
    on_the_system(|| async {
        let (mut sender, mut receiver) = pipe::pipe()?;
        let sent: Vec<u8> = (0..300_000).map(|at| (at % 251) as u8).collect();
        let mut received = Vec::new();
        let send = async {
            sender.write_all(&sent[..1]).await?;
            let pieces = [IoSlice::new(&sent[1..3]), IoSlice::new(&sent[3..100])];
            assert_eq!(sender.write_vectored(&pieces).await?, 99);
            sender.write_all(&sent[100..]).await?;
            sender.shutdown().await?;
            drop(sender);
            io::Result::Ok(())
        };
        let (done, len) = future::join(send, receiver.read_to_end(&mut received)).await;
        done?;
        assert_eq!(len?, sent.len());
        assert!(received == sent);
        assert_eq!(receiver.read(&mut [0; 4]).await?, 0);
        Ok(())
    });
}

#[test]
fn a_sender_without_a_receiver_is_told() {
    on_the_system(|| async {
        let (mut sender, receiver) = pipe::pipe()?;
        drop(receiver);
        assert_eq!(sender.write(b"x").await.unwrap_err().kind(), ErrorKind::BrokenPipe);
        assert!(sender.ready(Interest::WRITABLE).await?.is_write_closed());
        Ok(())
    });
}

#[test]
fn both_ends_wait_and_are_woken() {
    on_the_system(|| async {
        let (sender, receiver) = pipe::pipe()?;
        assert!(stays_pending(&mut pin!(receiver.readable())).await);
        sender.writable().await?;
        let len = fill(&sender);
        assert!(stays_pending(&mut pin!(sender.writable())).await);
        let ready = receiver.ready(Interest::READABLE).await?;
        assert!(ready.is_readable() && !ready.is_read_closed());
        let mut left = len;
        while left > 0 {
            receiver.readable().await?;
            let mut bytes = vec![0; left];
            left -= receiver.try_read(&mut bytes)?;
        }
        assert_eq!(receiver.try_read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
        assert!(stays_pending(&mut pin!(receiver.readable())).await);
        future::poll_fn(|cx| sender.poll_write_ready(cx)).await?;
        assert_eq!(sender.try_write_vectored(&[IoSlice::new(b"a"), IoSlice::new(b"bc")])?, 3);
        future::poll_fn(|cx| receiver.poll_read_ready(cx)).await?;
        let (mut one, mut two) = ([0; 2], [0; 2]);
        let mut bufs = [IoSliceMut::new(&mut one), IoSliceMut::new(&mut two)];
        assert_eq!(receiver.try_read_vectored(&mut bufs)?, 3);
        assert_eq!((&one, two[0]), (b"ab", b'c'));
        sender.try_write(b"grown")?;
        receiver.readable().await?;
        let mut grown = Vec::with_capacity(16);
        assert_eq!(receiver.try_read_buf(&mut grown)?, 5);
        assert_eq!(grown, b"grown");
        Ok(())
    });
}

/// Before the first wait the system is asked whether an operation of the user's has a chance.
#[test]
fn a_try_is_made_only_if_the_pipe_may_be_ready() {
    let runtime = Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let (sender, receiver) = pipe::pipe().unwrap();
        let mut calls = 0;
        let mut count = |result: io::Result<()>| {
            calls += 1;
            result
        };
        let would_block = || Err(ErrorKind::WouldBlock.into());
        let error = receiver.try_io(|| count(Ok(()))).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
        sender.try_io(|| count(Ok(()))).unwrap();
        sender.try_io(|| count(would_block())).unwrap_err();
        // Remembered until the reactor says something else.
        sender.try_io(|| count(Ok(()))).unwrap_err();
        assert_eq!(calls, 2);
        sender.writable().await.unwrap();
        sender.try_io(|| Ok(())).unwrap();
    });
}

#[test]
fn a_fifo_is_opened_at_either_end() {
    on_the_system(|| async {
        let directory = directory();
        let path = fifo(directory.path())?;
        let nobody = OpenOptions::new().open_sender(&path).unwrap_err();
        assert_eq!(nobody.raw_os_error(), Some(libc::ENXIO));
        let mut receiver = OpenOptions::new().open_receiver(&path)?;
        let nobody = receiver.try_read(&mut [0]).unwrap_err();
        assert_eq!(nobody.kind(), ErrorKind::WouldBlock);
        assert!(stays_pending(&mut pin!(receiver.read(&mut [0]))).await, "it is no end");
        for word in ["one", "two"] {
            let mut sender = OpenOptions::new().unchecked(true).open_sender(&path)?;
            sender.write_all(word.as_bytes()).await?;
            drop(sender);
            let mut all = String::new();
            receiver.read_to_string(&mut all).await?;
            assert_eq!(all, word);
        }
        Ok(())
    });
}

#[cfg(any(target_os = "linux", target_os = "android"))]
#[test]
fn a_fifo_opened_as_both_ends_sees_no_end() {
    on_the_system(|| async {
        let directory = directory();
        let path = fifo(directory.path())?;
        let mut both = OpenOptions::new();
        let mut first = both.read_write(true).open_sender(&path)?;
        let mut receiver = both.open_receiver(&path)?;
        first.write_all(b"first").await?;
        drop(first);
        let mut bytes = [0; 5];
        receiver.read_exact(&mut bytes).await?;
        assert!(stays_pending(&mut pin!(receiver.read(&mut bytes))).await);
        let mut second = OpenOptions::new().open_sender(&path)?;
        second.write_all(b"later").await?;
        receiver.read_exact(&mut bytes).await?;
        assert_eq!(&bytes, b"later");
        Ok(())
    });
}

#[test]
fn files_and_descriptors_become_ends_and_go_back() {
    on_the_system(|| async {
        let directory = directory();
        let path = fifo(directory.path())?;
        let both = || FileOptions::new().read(true).write(true).open(&path);
        assert!(!is_nonblocking(&both()?));
        let mut receiver = Receiver::from_file(both()?)?;
        let mut sender = Sender::from_owned_fd(both()?.into())?;
        assert!(is_nonblocking(&receiver) && is_nonblocking(&sender));
        sender.write_all(b"file").await?;
        receiver.read_exact(&mut [0; 4]).await?;

        let number = sender.as_raw_fd();
        let blocking = sender.into_blocking_fd()?;
        assert!(blocking.as_raw_fd() == number && !is_nonblocking(&blocking));
        let blocking = Receiver::from_owned_fd(blocking)?.into_blocking_fd()?;
        let left = Sender::from_owned_fd(blocking)?.into_nonblocking_fd()?;
        assert!(is_nonblocking(&left));
        let mut sender = Sender::from_owned_fd_unchecked(left)?;
        assert!(stays_pending(&mut pin!(receiver.read(&mut [0]))).await);
        sender.write_all(b"x").await?;
        receiver.read_exact(&mut [0]).await?;
        let receiver = File::from(receiver.into_nonblocking_fd()?);
        Receiver::from_file_unchecked(receiver)?;
        Ok(())
    });
}

#[test]
fn what_is_no_such_end_is_refused() {
    let directory = directory();
    let regular = directory.path().join("regular");
    File::create(&regular).unwrap();
    let open = || FileOptions::new().read(true).write(true).open(&regular).unwrap();
    let not_a_pipe = [
        Sender::from_file(open()).map(drop).unwrap_err(),
        Receiver::from_file(open()).map(drop).unwrap_err(),
        OpenOptions::new().open_sender(&regular).map(drop).unwrap_err(),
        OpenOptions::new().open_receiver(&regular).map(drop).unwrap_err(),
    ];
    for error in not_a_pipe {
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains("not a pipe"), "{error}");
    }
    let always_ready = Receiver::from_file_unchecked(open()).map(drop).unwrap_err();
    assert_eq!(always_ready.raw_os_error(), Some(libc::EPERM));

    let (reader, writer) = io::pipe().unwrap();
    let error = Sender::from_owned_fd(reader.into()).map(drop).unwrap_err();
    assert!(error.to_string().contains("for writing"), "{error}");
    let error = Receiver::from_owned_fd(writer.into()).map(drop).unwrap_err();
    assert!(error.to_string().contains("for reading"), "{error}");
    let missing = OpenOptions::new().open_receiver(PathBuf::from("/no such")).map(drop);
    assert_eq!(missing.unwrap_err().kind(), ErrorKind::NotFound);
}

#[test]
fn a_simulated_host_has_no_pipes() {
    simulated(|| async {
        let error = pipe::pipe().map(drop).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.to_string().contains("a pipe needs"), "{error}");
        let null =
            FileOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open("/dev/null")?;
        let error = Receiver::from_owned_fd_unchecked(OwnedFd::from(null)).map(drop);
        assert_eq!(error.unwrap_err().kind(), ErrorKind::Unsupported);
        Ok(())
    });
}

#[test]
fn ends_outlive_the_reactor_that_they_waited_on() {
    let (sender, mut receiver) = pipe::pipe().unwrap();
    for _ in 0..2 {
        let runtime = Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            assert!(receiver.read(&mut [0]).now_or_never().is_none());
            sender.try_write(b"x").unwrap();
            receiver.read_exact(&mut [0]).await.unwrap();
        });
    }
}
