//! Sending many datagrams by one call: how they are cut, and what is wrong with some.

use std::future::poll_fn;
use std::io;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::AsRawFd;

use minato::net::UdpSocket;
use minato::net::udp::{Ecn, RecvBatch, Transmit};

use crate::kit::bodies::{everywhere, on_the_system};
use crate::kit::child::{in_child, own_name};
use crate::local;

/// Receives `count` datagrams one by one. In the simulated world they may overtake each other, so
/// they come sorted.
async fn receive(socket: &UdpSocket, count: usize) -> io::Result<Vec<Vec<u8>>> {
    let mut buf = [0; 2048];
    let mut all = Vec::new();
    for _ in 0..count {
        let (len, _) = socket.recv_from(&mut buf).await?;
        all.push(buf[..len].to_vec());
    }
    all.sort();
    assert_eq!(socket.try_recv(&mut buf).unwrap_err().kind(), ErrorKind::WouldBlock);
    Ok(all)
}

/// `count` segments of `size` bytes, each of its own byte.
fn segments(count: usize, size: usize) -> Vec<u8> {
    (0..count).flat_map(|number| vec![number as u8; size]).collect()
}

#[test]
fn each_segment_arrives_as_a_datagram() {
    everywhere(|| async {
        let ((a, _), (b, at_b)) = (local().await?, local().await?);
        for (len, size, expected) in [
            (3000, 1000, vec![1000; 3]),
            (2500, 1000, vec![1000, 1000, 500]),
            (7, 3, vec![3, 3, 1]),
        ] {
            let contents: Vec<u8> = (0..len).map(|at| (at / size) as u8).collect();
            let transmit = Transmit::new(at_b, &contents).segment_size(size);
            assert_eq!(a.send_batch(&transmit).await?, len);
            let received = receive(&b, expected.len()).await?;
            let lengths: Vec<_> = received.iter().map(Vec::len).collect();
            assert_eq!(lengths, expected);
            assert_eq!(received.concat(), contents);
        }
        Ok(())
    });
}

#[test]
fn what_is_one_segment_is_sent_as_it_is() {
    everywhere(|| async {
        let ((a, _), (b, at_b)) = (local().await?, local().await?);
        let sized = |contents, size| Transmit::new(at_b, contents).segment_size(size);
        for transmit in [
            Transmit::new(at_b, "alone"),
            sized("alone", 5),
            sized("alone", 6),
            sized("alone", usize::MAX),
            Transmit::new(at_b, ""),
            sized("", 100),
        ] {
            assert_eq!(transmit.count(), 1);
            assert_eq!(a.send_batch(&transmit).await?, transmit.contents.len());
            assert_eq!(receive(&b, 1).await?, [transmit.contents.as_bytes()]);
        }
        let mut empty = Transmit::new(at_b, &b""[..]);
        a.send_batch_all(&mut empty).await?;
        assert_eq!(receive(&b, 1).await?, [b""]);
        Ok(())
    });
}

#[test]
fn more_than_one_call_takes_are_sent_by_several() {
    everywhere(|| async {
        let ((a, _), (b, at_b)) = (local().await?, local().await?);
        let contents = segments(100, 16);
        let mut transmit = Transmit::new(at_b, &contents[..]).segment_size(16);
        let one_call = a.max_send_segments()?;
        assert!(one_call >= 1);
        assert_eq!(a.try_send_batch(&transmit)?, 16 * one_call);
        a.send_batch_all(&mut transmit).await?;
        assert!(transmit.contents.is_empty());
        let first = segments(one_call, 16);
        let mut expected: Vec<&[u8]> = contents.chunks(16).chain(first.chunks(16)).collect();
        expected.sort();
        assert_eq!(receive(&b, 100 + one_call).await?, expected);
        Ok(())
    });
}

/// 64 segments of 2,000 bytes are more bytes than a call may have.
#[test]
fn as_many_bytes_as_a_datagram_may_have_are_one_call() {
    everywhere(|| async {
        let ((a, _), (b, at_b)) = (local().await?, local().await?);
        let contents = segments(40, 2000);
        let mut transmit = Transmit::new(at_b, &contents[..]).segment_size(2000);
        let sent = a.send_batch(&transmit).await?;
        assert_eq!(sent, 2000 * a.max_send_segments()?.min(32));
        transmit.advance(sent);
        a.send_batch_all(&mut transmit).await?;
        assert_eq!(receive(&b, 40).await?, contents.chunks(2000).collect::<Vec<_>>());
        Ok(())
    });
}

#[test]
fn the_poll_form_agrees() {
    everywhere(|| async {
        let ((a, _), (b, at_b)) = (local().await?, local().await?);
        let transmit = Transmit::new(at_b, vec![3; 20]).segment_size(10);
        assert_eq!(poll_fn(|cx| a.poll_send_batch(cx, &transmit)).await?, 20);
        assert_eq!(receive(&b, 2).await?, [[3; 10], [3; 10]]);
        // A connected socket sends to its peer if that is named.
        a.connect(at_b).await?;
        assert_eq!(a.send_batch(&transmit).await?, 20);
        assert_eq!(receive(&b, 2).await?, [[3; 10], [3; 10]]);
        Ok(())
    });
}

#[test]
fn what_cannot_be_sent_is_told_and_does_no_harm() {
    everywhere(|| async {
        let ((a, at_a), (b, at_b)) = (local().await?, local().await?);
        let most = a.max_send_segments()?;
        let large = vec![0; 140_000];
        let errno = |error: io::Error| error.raw_os_error().unwrap_or_else(|| panic!("{error}"));
        let whole = Transmit::new(at_b, &large);
        assert_eq!(errno(a.send_batch(&whole).await.unwrap_err()), libc::EMSGSIZE);
        let segmented = whole.segment_size(70_000);
        assert_eq!(errno(a.send_batch(&segmented).await.unwrap_err()), libc::EMSGSIZE);
        // Anybody's datagram can claim to come from port 0, and be answered.
        let nowhere = SocketAddr::new(at_b.ip(), 0);
        let to_nowhere = Transmit::new(nowhere, &large[..100]).segment_size(10);
        assert_eq!(errno(a.send_batch(&to_nowhere).await.unwrap_err()), libc::EINVAL);
        let v6 = SocketAddr::from((Ipv6Addr::LOCALHOST, at_a.port()));
        let other_family = Transmit::new(v6, &large[..100]).segment_size(10);
        assert_eq!(errno(a.send_batch(&other_family).await.unwrap_err()), libc::EAFNOSUPPORT);
        // No address of this host, and the address of nobody: not the segments' fault.
        for (source, number) in [([192, 0, 2, 1], libc::ENETUNREACH), ([239; 4], libc::EINVAL)] {
            let source = Ipv4Addr::from(source).into();
            let foreign = Transmit::new(at_b, &large[..100]).segment_size(10).source(source);
            assert_eq!(errno(a.send_batch(&foreign).await.unwrap_err()), number);
        }

        let error = a.send_batch(&whole.segment_size(0)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains("0 bytes"), "{error}");
        let mixed = whole.source(Ipv6Addr::LOCALHOST.into());
        let error = a.send_batch(&mixed).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains("another family"), "{error}");

        // After all that, what can be sent is sent as before, its marks too.
        assert_eq!(a.max_send_segments()?, most);
        let fine = Transmit::new(at_b, &large[..40]).segment_size(10).ecn(Ecn::Ect1);
        assert_eq!(a.try_send_batch(&fine)?, 10 * most.min(4));
        let mut batch = RecvBatch::with_buffers(8, 100);
        b.recv_batch(&mut batch).await?;
        assert!(batch.iter().all(|(bytes, meta)| bytes == [0; 10] && meta.ecn == Some(Ecn::Ect1)));
        Ok(())
    });
}

/// Takes the checksums from a socket's datagrams, without which Linux refuses to segment.
fn forbid_checksums(socket: &UdpSocket) {
    let on: libc::c_int = 1;
    // SAFETY: the descriptor is open, and the kernel reads the number that it is told the size of.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_NO_CHECK,
            (&raw const on).cast(),
            size_of_val(&on) as libc::socklen_t,
        )
    };
    assert_eq!(result, 0, "{}", io::Error::last_os_error());
}

#[test]
fn a_kernel_that_refuses_to_segment_is_sent_one_by_one() {
    on_the_system(|| async {
        let ((a, _), (b, at_b)) = (local().await?, local().await?);
        if a.max_send_segments()? == 1 {
            println!("skipped: this kernel cannot segment anyway");
            return Ok(());
        }
        forbid_checksums(&a);
        let contents = segments(8, 100);
        let transmit = Transmit::new(at_b, &contents[..]).segment_size(100).ecn(Ecn::Ect0);
        // The first try finds out, and tells how far it came.
        assert_eq!(a.try_send_batch(&transmit)?, 100);
        a.send_batch_all(&mut transmit.clone()).await?;
        let mut batch = RecvBatch::with_buffers(16, 1000);
        let mut received = Vec::new();
        while received.len() < 9 {
            b.recv_batch(&mut batch).await?;
            for (bytes, meta) in batch.iter() {
                assert_eq!(meta.ecn, Some(Ecn::Ect0), "the marks do not suffer");
                received.push(bytes.to_vec());
            }
        }
        assert_eq!(received[1..].concat(), contents);
        // Other sizes are tried, but not for ever.
        for (size, most) in [(90, 64), (80, 64), (70, 1)] {
            assert!(a.max_send_segments()? > 1);
            let transmit = Transmit::new(at_b, &contents[..]).segment_size(size);
            assert_eq!(a.try_send_batch(&transmit)?, size);
            assert_eq!(a.max_send_segments()?, most);
        }
        Ok(())
    });
}

/// The first use in bulk needs a descriptor for a moment.
#[test]
fn a_shortage_of_descriptors_is_told_and_passes() {
    in_child(own_name!(a_shortage_of_descriptors_is_told_and_passes), || {
        pollster::block_on(async {
            let ((a, at_a), (b, at_b)) = (local().await.unwrap(), local().await.unwrap());
            let limit = libc::rlimit { rlim_cur: 64, rlim_max: 64 };
            // SAFETY: the pointer is to a live value of the right type.
            assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &limit) }, 0);
            let mut spare = Vec::new();
            while let Ok(file) = std::fs::File::open("/dev/null") {
                spare.push(file);
            }
            let transmit = Transmit::new(at_b, "abcd").segment_size(2);
            let mut batch = RecvBatch::new();
            let short = |error: io::Error| assert_eq!(error.raw_os_error(), Some(libc::EMFILE));
            short(a.try_send_batch(&transmit).unwrap_err());
            short(b.try_recv_batch(&mut batch).unwrap_err());
            short(a.max_send_segments().unwrap_err());
            a.send_to(b"plain", at_b).await.unwrap();
            assert_eq!(b.recv_from(&mut [0; 8]).await.unwrap(), (5, at_a));
            drop(spare);
            a.send_batch_all(&mut transmit.as_ref()).await.unwrap();
            while b.recv_batch(&mut batch).await.is_err() {}
            assert!(!batch.is_empty());
        });
    });
}
