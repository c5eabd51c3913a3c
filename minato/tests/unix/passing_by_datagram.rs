//! Descriptors and credentials that go with datagrams.

use std::fs::File;
use std::future::poll_fn;
use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::pin::pin;
use std::process::{Command, Stdio};

use minato::net::unix::SocketAddr;
use minato::net::{UnixDatagram, UnixStream};

use crate::kit::bodies::{on_the_system, simulated, stays_pending};
use crate::kit::child::{in_child, own_name};

#[test]
fn a_datagram_brings_descriptors_and_its_sender() {
    on_the_system(|| async {
        let directory = tempfile::tempdir()?;
        let (here, there) = (directory.path().join("here"), directory.path().join("there"));
        let (one, two) = (UnixDatagram::bind(&here)?, UnixDatagram::bind(&there)?);
        let (mut reader, writer) = std::io::pipe()?;
        assert_eq!(one.send_with_fds_to(b"pipe", &[writer.as_fd()], &two.local_addr()?).await?, 4);
        drop(writer);
        let mut buf = [0; 16];
        let received = two.recv_with_fds(&mut buf, 4).await?;
        assert_eq!((received.len, received.fds.len()), (4, 1));
        assert!(!received.truncated && !received.datagram_truncated);
        assert_eq!((&buf[..4], received.from.as_pathname()), (&b"pipe"[..], Some(&*here)));
        assert!(received.credentials.is_none(), "nobody asked for them");
        for writer in received.fds {
            File::from(writer).write_all(b"through")?;
        }
        let mut text = String::new();
        reader.read_to_string(&mut text)?;
        assert_eq!(text, "through");
        // The answer goes to where it came from.
        two.send_with_fds_to(b"thanks", &[], &received.from).await?;
        assert_eq!(one.recv(&mut buf).await?, 6);
        // To nobody, and with too many.
        let nobody = std::os::unix::net::SocketAddr::from_pathname(directory.path().join("nobody"));
        let nobody = SocketAddr::from(nobody?);
        let error = one.send_with_fds_to(b"x", &[], &nobody).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        let error = one.try_send_with_fds_to(b"x", &[], &UnixDatagram::unbound()?.local_addr()?);
        assert_eq!(error.unwrap_err().kind(), ErrorKind::InvalidInput);
        let many = vec![one.as_fd(); 254];
        let error = one.send_with_fds_to(b"", &many, &received.from).await.unwrap_err();
        assert!(error.to_string().contains("254"), "{error}");
        let error = two.send_with_fds(b"x", &[]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotConnected);
        Ok(())
    });
}

#[test]
fn an_abstract_name_is_reached_and_told() {
    on_the_system(|| async {
        let (one, two) = (UnixDatagram::bind("")?, UnixDatagram::bind("")?);
        one.send_with_fds_to(b"x", &[one.as_fd()], &two.local_addr()?).await?;
        let received = two.recv_with_fds(&mut [0; 4], 1).await?;
        assert_eq!(received.from.as_abstract_name(), one.local_addr()?.as_abstract_name());
        assert!(received.from.as_abstract_name().is_some());
        assert_eq!(received.fds.len(), 1);
        Ok(())
    });
}

#[test]
fn what_does_not_fit_is_told_by_kind() {
    on_the_system(|| async {
        let (one, two) = UnixDatagram::pair()?;
        let null = File::open("/dev/null")?;
        for (bytes, room, sent, wanted) in [
            (8, 8, 2, 2),
            (9, 8, 2, 2),
            (8, 8, 3, 2),
            (9, 8, 3, 2),
            (0, 0, 1, 1),
            (0, 4, 0, 1),
            (1, 0, 0, 0),
        ] {
            one.send_with_fds(&vec![7; bytes], &vec![null.as_fd(); sent]).await?;
            let received = two.recv_with_fds(&mut vec![0; room], wanted).await?;
            assert_eq!((received.len, received.fds.len()), (bytes.min(room), sent.min(wanted)));
            assert_eq!(
                (received.datagram_truncated, received.truncated),
                (bytes > room, sent > wanted)
            );
            assert!(received.from.is_unnamed());
        }
        Ok(())
    });
}

#[test]
fn descriptors_that_a_process_has_no_room_for_are_told() {
    in_child(own_name!(descriptors_that_a_process_has_no_room_for_are_told), || {
        pollster::block_on(async {
            let (one, two) = UnixDatagram::pair().unwrap();
            let null = File::open("/dev/null").unwrap();
            two.set_passcred(true).unwrap();
            one.send_with_fds(b"x", &[null.as_fd(); 4]).await.unwrap();
            let next = std::os::fd::AsRawFd::as_raw_fd(&null.try_clone().unwrap()) as u64;
            let few = libc::rlimit { rlim_cur: next + 1, rlim_max: next + 1 };
            // SAFETY: the pointer is to a live value of the right type.
            assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &few) }, 0);
            let received = two.recv_with_fds(&mut [0; 4], 4).await.unwrap();
            assert_eq!((received.len, received.fds.len(), received.truncated), (1, 1, true));
            assert!(received.credentials.is_some());
        });
    });
}

/// The system tells them, of streams and of datagrams, and it tells those of the process that sent.
#[test]
fn credentials_are_those_of_the_sender() {
    on_the_system(|| async {
        let own = std::fs::metadata("/proc/self")?;
        let (one, two) = UnixDatagram::pair()?;
        assert!(!two.passcred()?);
        two.set_passcred(true)?;
        assert!(two.passcred()?);
        let (stream, other) = UnixStream::pair()?;
        other.set_passcred(true)?;
        one.send(b"plain").await?;
        stream.try_write(b"plain")?;
        let mut received = vec![two.recv_with_fds(&mut [0; 8], 0).await?];
        received.push(other.recv_with_fds(&mut [0; 8], 0).await?);
        for received in received {
            let sender = received.credentials.unwrap();
            assert_eq!((sender.uid(), sender.gid()), (own.uid(), own.gid()));
            assert_eq!(sender.pid(), Some(std::process::id() as i32));
        }
        let child = Stdio::from(one.as_fd().try_clone_to_owned()?);
        let mut child = Command::new("echo").arg("child").stdout(child).spawn()?;
        let received = two.recv_with_fds(&mut [0; 8], 0).await?;
        assert_eq!(received.credentials.unwrap().pid(), Some(child.id() as i32));
        assert!(child.wait()?.success());
        two.set_passcred(false)?;
        one.send(b"plain").await?;
        assert!(two.recv_with_fds(&mut [0; 8], 0).await?.credentials.is_none());
        Ok(())
    });
}

#[test]
fn a_full_queue_is_waited_for_and_a_wait_given_up_sends_nothing() {
    on_the_system(|| async {
        let receiver = UnixDatagram::bind("")?;
        let target = receiver.local_addr()?;
        let sender = UnixDatagram::unbound()?;
        let mut queued = 0;
        while sender.try_send_with_fds_to(b"x", &[], &target).is_ok() {
            queued += 1;
        }
        let null = File::open("/dev/null")?;
        let fds = [null.as_fd()];
        {
            let mut given_up = pin!(sender.send_with_fds_to(b"given up", &fds, &target));
            assert!(stays_pending(&mut given_up).await);
        }
        {
            let mut waiting = pin!(sender.send_with_fds_to(b"late", &fds, &target));
            assert!(stays_pending(&mut waiting).await);
            for _ in 0..queued {
                assert_eq!(receiver.recv_with_fds(&mut [0; 8], 1).await?.len, 1);
            }
            assert_eq!(waiting.await?, 4);
        }
        let received = receiver.recv_with_fds(&mut [0; 8], 1).await?;
        assert_eq!((received.len, received.fds.len()), (4, 1));
        let nothing = receiver.try_recv_with_fds(&mut [0; 8], 1).unwrap_err();
        assert_eq!(nothing.kind(), ErrorKind::WouldBlock);
        Ok(())
    });
}

#[test]
fn a_reading_side_that_was_shut_down_gives_what_is_left_and_then_nothing() {
    on_the_system(|| async {
        let (one, two) = UnixDatagram::pair()?;
        one.send_with_fds(b"left", &[one.as_fd()]).await?;
        two.readable().await?;
        two.shutdown_half(Shutdown::Read)?;
        let received = two.recv_with_fds(&mut [0; 8], 1).await?;
        assert_eq!((received.len, received.fds.len()), (4, 1));
        let end = poll_fn(|cx| two.poll_recv_with_fds(cx, &mut [], 1)).await?;
        assert_eq!((end.len, end.fds.len(), end.truncated), (0, 0, false));
        Ok(())
    });
}

#[test]
fn no_descriptors_pass_in_a_simulated_world() {
    simulated(|| async {
        let (one, two) = UnixDatagram::pair()?;
        let file = std::fs::File::open("/dev/null")?;
        let refused = [
            one.send_with_fds(b"with", &[file.as_fd()]).await.map(drop).unwrap_err(),
            two.try_recv_with_fds(&mut [0; 8], 1).map(drop).unwrap_err(),
        ];
        for error in refused {
            assert_eq!(error.kind(), ErrorKind::Unsupported);
            assert!(error.to_string().contains("passing descriptors"), "{error}");
        }
        Ok(())
    });
}
