//! UDP.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::{Bytes, BytesMut};
use futures::{Async, Future, Sink, Stream, future};
use tokio::codec::{BytesCodec, Decoder, Encoder, LinesCodec};
use tokio::io;
use tokio::net::{UdpFramed, UdpSocket};
use tokio::reactor::Handle;

use crate::kit::{loopback, udp_pair};

#[test]
fn a_datagram_and_its_answer_by_value() {
    let (one, two) = udp_pair();
    let (first, second) = (one.local_addr().unwrap(), two.local_addr().unwrap());
    let (one, _) = one.send_dgram(b"ahoy", &second).wait().unwrap();
    let (two, buf, len, from) = two.recv_dgram(vec![0; 16]).wait().unwrap();
    assert_eq!((&buf[..len], from), (&b"ahoy"[..], first));
    two.send_dgram(b"there", &from).wait().unwrap();
    let (_, buf, len, from) = one.recv_dgram([0; 16]).wait().unwrap();
    assert_eq!((&buf[..len], from), (&b"there"[..], second));
}

#[test]
fn a_datagram_may_be_empty() {
    let (one, two) = udp_pair();
    let to = two.local_addr().unwrap();
    one.send_dgram(b"", &to).wait().unwrap();
    let (_, _, len, _) = two.recv_dgram([1; 4]).wait().unwrap();
    assert_eq!(len, 0);
}

#[test]
fn by_polling_with_addresses_and_with_a_peer() {
    let (mut one, mut two) = udp_pair();
    let (first, second) = (one.local_addr().unwrap(), two.local_addr().unwrap());
    assert_eq!(future::poll_fn(|| one.poll_send_to(b"ab", &second)).wait().unwrap(), 2);
    let mut buf = [0; 8];
    let received = future::poll_fn(|| two.poll_recv_from(&mut buf)).wait().unwrap();
    assert_eq!(received, (2, first));

    one.connect(&second).unwrap();
    two.connect(&first).unwrap();
    assert_eq!(future::poll_fn(|| one.poll_send(b"abc")).wait().unwrap(), 3);
    assert_eq!(future::poll_fn(|| two.poll_recv(&mut buf)).wait().unwrap(), 3);
    assert_eq!(&buf[..3], b"abc");
}

#[test]
#[allow(deprecated, reason = "they are still there")]
fn the_forms_of_std_say_would_block_within_a_task() {
    let (mut one, mut two) = udp_pair();
    let (first, second) = (one.local_addr().unwrap(), two.local_addr().unwrap());
    future::lazy(|| {
        assert_eq!(one.recv_from(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
        assert_eq!(one.send_to(b"ab", &second)?, 2);
        one.connect(&second)?;
        assert_eq!(one.send(b"abc")?, 3);
        assert_eq!(one.recv(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
        Ok::<_, io::Error>(())
    })
    .wait()
    .unwrap();
    two.connect(&first).unwrap();
    let mut buf = [0; 8];
    assert_eq!(future::poll_fn(|| two.poll_recv(&mut buf)).wait().unwrap(), 2);
    assert_eq!(future::poll_fn(|| two.poll_recv(&mut buf)).wait().unwrap(), 3);
}

/// Tokio 0.1 dropped both.
#[test]
fn an_error_of_send_dgram_leaves_socket_and_buffer() {
    let (one, two) = udp_pair();
    let to = two.local_addr().unwrap();
    let mut sending = one.send_dgram(vec![0; 100_000], &to);
    let error = future::poll_fn(|| sending.poll()).wait().unwrap_err();
    assert_eq!(error.raw_os_error(), Some(90), "EMSGSIZE: {error}");
    let parts = sending.into_parts();
    assert_eq!(parts.buffer.len(), 100_000);
    parts.socket.send_dgram(b"ahoy", &to).wait().unwrap();
    assert_eq!(two.recv_dgram([0; 8]).wait().unwrap().2, 4);
}

#[test]
fn a_receive_can_be_given_up() {
    let (one, two) = udp_pair();
    let to = two.local_addr().unwrap();
    let mut receiving = two.recv_dgram(vec![0; 8]);
    assert!(!future::lazy(|| receiving.poll().map(|polled| polled.is_ready())).wait().unwrap());
    let parts = receiving.into_parts();
    one.send_dgram(b"ahoy", &to).wait().unwrap();
    let mut receiving = parts.socket.recv_dgram(parts.buffer);
    future::poll_fn(|| receiving.poll()).wait().unwrap();
    let panic = catch_unwind(AssertUnwindSafe(|| receiving.poll().map(drop))).unwrap_err();
    assert_eq!(panic.downcast_ref::<&str>(), Some(&"RecvDgram polled after completion"));
    assert!(catch_unwind(AssertUnwindSafe(|| receiving.into_parts())).is_err());
}

/// Kept as it was, since the result has no place for it; but there is a method that tells.
#[test]
fn recv_dgram_cuts_off_in_silence_and_poll_recv_dgram_from_tells() {
    let (one, two) = udp_pair();
    let to = two.local_addr().unwrap();
    let (one, _) = one.send_dgram(b"a long datagram", &to).wait().unwrap();
    let (mut two, buf, len, _) = two.recv_dgram([0; 6]).wait().unwrap();
    assert_eq!(&buf[..len], b"a long");

    let mut told = |one: UdpSocket, datagram: &'static [u8]| {
        let (one, _) = one.send_dgram(datagram, &to).wait().unwrap();
        let mut buf = [0; 6];
        (one, future::poll_fn(|| two.poll_recv_dgram_from(&mut buf)).wait().unwrap())
    };
    let (one, received) = told(one, b"a long datagram");
    assert_eq!((received.len, received.truncated), (6, true));
    let (_, received) = told(one, b"short!");
    assert_eq!((received.len, received.truncated), (6, false));
}

#[test]
fn an_address_of_the_wrong_family_is_an_error() {
    let (one, _) = udp_pair();
    let error = one.send_dgram(b"a", &"[::1]:9".parse().unwrap()).wait().unwrap_err();
    assert_eq!(error.raw_os_error(), Some(97), "EAFNOSUPPORT: {error}");
}

#[test]
fn options_are_those_of_the_system() {
    let (one, _) = udp_pair();
    assert!(!one.broadcast().unwrap());
    one.set_broadcast(true).unwrap();
    assert!(one.broadcast().unwrap());
    one.set_ttl(9).unwrap();
    assert_eq!(one.ttl().unwrap(), 9);
    one.set_multicast_loop_v4(false).unwrap();
    assert!(!one.multicast_loop_v4().unwrap());
    one.set_multicast_ttl_v4(3).unwrap();
    assert_eq!(one.multicast_ttl_v4().unwrap(), 3);
    assert!(one.multicast_loop_v6().is_err(), "it is a socket of IPv4");
    assert!(one.set_multicast_loop_v6(true).is_err());

    let any = Ipv4Addr::UNSPECIFIED;
    assert!(one.join_multicast_v4(&Ipv4Addr::LOCALHOST, &any).is_err(), "no group");
    assert!(one.leave_multicast_v4(&Ipv4Addr::new(224, 0, 0, 251), &any).is_err(), "no member");
    assert!(one.join_multicast_v6(&Ipv6Addr::LOCALHOST, 0).is_err());
    assert!(one.leave_multicast_v6(&Ipv6Addr::LOCALHOST, 0).is_err());
}

#[test]
fn a_socket_of_std_becomes_non_blocking() {
    let socket = std::net::UdpSocket::bind(loopback()).unwrap();
    let mut socket = UdpSocket::from_std(socket, &Handle::default()).unwrap();
    let polled = future::lazy(|| socket.poll_recv_from(&mut [0]).map(|polled| polled.is_ready()));
    assert!(!polled.wait().unwrap());
}

#[test]
fn frames_go_there_and_back() {
    let (one, two) = udp_pair();
    let to = two.local_addr().unwrap();
    let one = UdpFramed::new(one, BytesCodec::new());
    let two = UdpFramed::new(two, BytesCodec::new());
    let frames = ["port", "starboard"].map(|frame| (Bytes::from(frame), to));
    let from = one.get_ref().local_addr().unwrap();
    let (one, _) = one.send_all(futures::stream::iter_ok::<_, io::Error>(frames)).wait().unwrap();
    let heard = two.take(2).collect().wait().unwrap();
    assert_eq!(heard, [(BytesMut::from("port"), from), (BytesMut::from("starboard"), from)]);
    one.into_inner().local_addr().unwrap();
}

/// A frame is the letters before a `.`; an `!` is an error.
struct Words;

impl Decoder for Words {
    type Item = String;
    type Error = io::Error;

    fn decode(&mut self, src: &mut BytesMut) -> io::Result<Option<String>> {
        let Some(end) = src.iter().position(|byte| *byte == b'.') else { return Ok(None) };
        let word = src.split_to(end + 1);
        match word.contains(&b'!') {
            true => Err(io::Error::other("that is no word")),
            false => Ok(Some(String::from_utf8_lossy(&word[..end]).into_owned())),
        }
    }

    fn decode_eof(&mut self, src: &mut BytesMut) -> io::Result<Option<String>> {
        self.decode(src)
    }
}

impl Encoder for Words {
    type Item = &'static str;
    type Error = io::Error;

    fn encode(&mut self, word: &'static str, dst: &mut BytesMut) -> io::Result<()> {
        dst.extend_from_slice(word.as_bytes());
        match word.contains('!') {
            true => Err(io::Error::other("that is no word")),
            false => Ok(()),
        }
    }
}

/// What a framed socket makes of these datagrams: `limit` results of it.
fn words(repeat: bool, datagrams: &[&'static str], limit: usize) -> Vec<Result<String, String>> {
    let (mut one, two) = udp_pair();
    let to = two.local_addr().unwrap();
    for datagram in datagrams {
        one = one.send_dgram(datagram, &to).wait().unwrap().0;
    }
    let framed = UdpFramed::with_decode(two, Words, repeat);
    let results = Stream::wait(framed).take(limit);
    results.map(|result| result.map(|(word, _)| word).map_err(|error| error.to_string())).collect()
}

fn word(text: &str) -> Result<String, String> {
    Ok(text.to_owned())
}

/// In tokio 0.1 the first of these datagrams ended the stream.
#[test]
fn a_datagram_without_a_frame_does_not_end_the_stream() {
    assert_eq!(words(false, &["half", "", "whole."], 1), [word("whole")]);
    assert_eq!(words(true, &["half", "", "whole."], 1), [word("whole")]);
}

#[test]
fn one_frame_or_several_are_taken_out_of_a_datagram() {
    let datagrams = ["one.two.thr", "ee.four."];
    assert_eq!(words(false, &datagrams, 2), [word("one"), word("ee")]);
    let all = [word("one"), word("two"), word("ee"), word("four")];
    assert_eq!(words(true, &datagrams, 4), all);
}

#[test]
fn the_stream_goes_on_after_a_frame_that_is_bad() {
    let bad = || Err("that is no word".to_owned());
    assert_eq!(words(false, &["bad!.good.", "next."], 2), [bad(), word("next")]);
    assert_eq!(words(true, &["bad!.good.", "next."], 3), [bad(), word("good"), word("next")]);
}

/// A codec that leaves a bad frame where it is would find it again for ever.
#[test]
fn a_bad_frame_that_stays_is_dropped_with_its_datagram() {
    struct Stays;

    impl Decoder for Stays {
        type Item = u8;
        type Error = io::Error;

        fn decode(&mut self, src: &mut BytesMut) -> io::Result<Option<u8>> {
            match src.first() {
                Some(b'!') => Err(io::Error::other("bad")),
                Some(_) => Ok(Some(src.split_to(1)[0])),
                None => Ok(None),
            }
        }
    }

    let (one, two) = udp_pair();
    let to = two.local_addr().unwrap();
    let (one, _) = one.send_dgram(b"a!b", &to).wait().unwrap();
    one.send_dgram(b"c", &to).wait().unwrap();
    let mut found = UdpFramed::with_decode(two, Stays, true).wait();
    assert_eq!(found.next().unwrap().unwrap().0, b'a');
    assert!(found.next().unwrap().is_err());
    assert_eq!(found.next().unwrap().unwrap().0, b'c');
}

#[test]
fn an_error_of_the_sink_takes_its_frame_with_it() {
    let (one, two) = udp_pair();
    let to = two.local_addr().unwrap();
    let mut one = UdpFramed::new(one, Words);
    future::lazy(|| {
        assert!(one.start_send(("bad!", to)).is_err());
        assert_eq!(one.poll_complete()?, Async::Ready(()), "nothing is left of it");
        // No route to it with a socket of IPv4.
        assert!(one.start_send(("far", "[::1]:9".parse().unwrap()))?.is_ready());
        assert!(one.poll_complete().is_err());
        assert!(one.start_send(("near", to))?.is_ready());
        assert_eq!(one.close()?, Async::Ready(()));
        Ok::<_, io::Error>(())
    })
    .wait()
    .unwrap();
    let (_, buf, len, _) = two.recv_dgram([0; 8]).wait().unwrap();
    assert_eq!(&buf[..len], b"near");
}

#[test]
fn lines_over_udp() {
    let (one, two) = udp_pair();
    let to = two.local_addr().unwrap();
    one.send_dgram(b"port\nstarboard\n", &to).wait().unwrap();
    let two = UdpFramed::with_decode(two, LinesCodec::new(), true);
    let lines: Vec<_> = Stream::wait(two).take(2).map(|line| line.unwrap().0).collect();
    assert_eq!(lines, ["port", "starboard"]);
}
