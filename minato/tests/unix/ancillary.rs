//! What travels beside the bytes, and how it cuts reads short.

use minato::io::{AsyncReadExt, AsyncWriteExt};
use std::io::ErrorKind;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::pin::pin;
use std::process::Command;
use std::process::Stdio;

use minato::net::UnixStream;

use crate::kit::bodies::{on_the_system, stays_pending};

/// A read stops behind bytes that carried descriptors, however much is queued behind them: taking
/// the short read for the end would hang here.
#[test]
fn descriptors_cut_a_read_short_and_the_rest_is_there() {
    on_the_system(|| async {
        let (mut one, mut two) = UnixStream::pair()?;
        let null = std::fs::File::open("/dev/null")?;
        let (mut buf, mut other) = ([0; 64], [0; 64]);
        {
            let mut reading = pin!(two.read(&mut buf));
            assert!(stays_pending(&mut reading).await);
            one.send_with_fds(b"with", &[null.as_fd()]).await?;
            one.write_all(b"without").await?;
            assert_eq!(reading.await?, 4);
        }
        assert_eq!(two.read(&mut other).await?, 7);
        Ok(())
    });
}

/// A read never joins the bytes of two processes when their credentials are passed.
#[test]
fn credentials_cut_a_read_short_and_the_rest_is_there() {
    on_the_system(|| async {
        let (mut one, mut two) = UnixStream::pair()?;
        socket2::SockRef::from(&two).set_passcred(true)?;
        let (mut buf, mut other) = ([0; 64], [0; 64]);
        {
            let mut reading = pin!(two.read(&mut buf));
            assert!(stays_pending(&mut reading).await);
            one.write_all(b"parent").await?;
            let child = Stdio::from(one.as_fd().try_clone_to_owned()?);
            assert!(Command::new("echo").arg("child").stdout(child).status()?.success());
            assert_eq!(reading.await?, 6);
        }
        assert_eq!(two.read(&mut other).await?, 6);
        assert_eq!(&other[..6], b"child\n");
        Ok(())
    });
}

#[test]
fn data_and_the_end_in_one_event() {
    on_the_system(|| async {
        let (mut one, mut two) = UnixStream::pair()?;
        let (mut buf, mut other) = ([0; 64], [0; 64]);
        {
            let mut reading = pin!(two.read(&mut buf));
            assert!(stays_pending(&mut reading).await);
            one.write_all(b"last words").await?;
            drop(one);
            assert_eq!(reading.await?, 10);
        }
        assert_eq!(two.read(&mut other).await?, 0);
        assert_eq!(two.write(b"too late").await.unwrap_err().raw_os_error(), Some(libc::EPIPE));
        Ok(())
    });
}

#[test]
fn descriptors_arrive_and_no_more_than_wanted() {
    on_the_system(|| async {
        let (one, two) = UnixStream::pair()?;
        let pipes: Vec<_> = (0..3).map(|_| std::io::pipe()).collect::<Result<_, _>>()?;
        let writers: Vec<_> = pipes.iter().map(|(_, writer)| writer.as_fd()).collect();
        socket2::SockRef::from(&two).set_passcred(true)?;
        assert_eq!(one.send_with_fds(b"three", &writers).await?, 5);
        let received = two.recv_with_fds(&mut [0; 16], 2).await?;
        let (len, mut fds) = (received.len, received.fds);
        assert_eq!((len, fds.len()), (5, 2));
        let (mut readers, writers): (Vec<_>, Vec<_>) = pipes.into_iter().unzip();
        drop(writers);
        std::fs::File::from(fds.remove(1)).write_all(b"through")?;
        drop(fds);
        let mut text = String::new();
        readers[1].read_to_string(&mut text)?;
        assert_eq!(text, "through");
        // The third was closed, or this would wait for its writer.
        readers[2].read_to_string(&mut text)?;
        assert_eq!(text, "through");

        one.send_with_fds(b"none", &[]).await?;
        let received = two.recv_with_fds(&mut [0; 16], 9).await?;
        assert_eq!((received.len, received.fds.len()), (4, 0));
        let error = one.send_with_fds(b"", &[]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        let error = two.recv_with_fds(&mut [], 1).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        let many = vec![one.as_fd(); 254];
        let error = one.send_with_fds(b"x", &many).await.unwrap_err();
        assert!(error.to_string().contains("254"), "{error}");
        drop(one);
        assert_eq!(two.recv_with_fds(&mut [0; 1], 1).await?.len, 0);
        Ok(())
    });
}

#[test]
fn a_peer_has_credentials() {
    let own = std::fs::metadata("/proc/self").unwrap();
    let (one, _two) = UnixStream::pair().unwrap();
    let peer = one.peer_cred().unwrap();
    assert_eq!((peer.uid(), peer.gid()), (own.uid(), own.gid()));
    assert_eq!(peer.pid(), Some(std::process::id() as i32));
}
