//! Streams and sinks of frames.

use std::io;

use bytes::{BufMut, Bytes, BytesMut};
use futures::{Async, AsyncSink, Future, Poll, Sink, StartSend, Stream};
use tokio::codec::{
    BytesCodec, Decoder, Encoder, Framed, FramedParts, FramedRead, FramedWrite, LinesCodec,
};

use crate::script::{Answer, Script, bytes};

/// Numbers of two bytes.
struct Pairs;

impl Decoder for Pairs {
    type Item = u16;
    type Error = io::Error;

    fn decode(&mut self, src: &mut BytesMut) -> io::Result<Option<u16>> {
        if src.len() < 2 {
            return Ok(None);
        }
        let pair = src.split_to(2);
        match u16::from_be_bytes([pair[0], pair[1]]) {
            0 => Err(io::ErrorKind::InvalidData.into()),
            number => Ok(Some(number)),
        }
    }
}

impl Encoder for Pairs {
    type Item = u16;
    type Error = io::Error;

    fn encode(&mut self, item: u16, dst: &mut BytesMut) -> io::Result<()> {
        if item == 0 {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        dst.reserve(2);
        dst.put_u16_be(item);
        Ok(())
    }
}

/// What a stream gives until it has ended; `None` is "not ready".
fn polled<S: Stream<Error = io::Error>>(
    stream: &mut S,
) -> Vec<Option<Result<S::Item, io::ErrorKind>>> {
    let mut all = Vec::new();
    loop {
        all.push(match stream.poll() {
            Ok(Async::Ready(None)) => return all,
            Ok(Async::Ready(Some(item))) => Some(Ok(item)),
            Ok(Async::NotReady) => None,
            Err(error) => Some(Err(error.kind())),
        });
    }
}

#[test]
fn frames_are_found_however_they_come() {
    let reads = [
        bytes([0, 1, 0, 2, 0]),
        Answer::Block,
        bytes([3]),
        bytes([0]),
        Answer::Block,
        Answer::Block,
        bytes([4, 0, 5]),
    ];
    let mut frames = FramedRead::new(Script::reading(reads), Pairs);
    let all = polled(&mut frames);
    assert_eq!(
        all,
        [Some(Ok(1)), Some(Ok(2)), None, Some(Ok(3)), None, None, Some(Ok(4)), Some(Ok(5))]
    );
    assert_eq!(frames.poll().unwrap(), Async::Ready(None), "and it stays at its end");
    assert!(frames.into_inner().is_done());
}

#[test]
fn a_frame_that_is_cut_off_is_an_error() {
    let mut frames = FramedRead::new(Script::reading([bytes([0, 1, 0])]), Pairs);
    assert_eq!(frames.poll().unwrap(), Async::Ready(Some(1)));
    let error = frames.poll().unwrap_err();
    assert!(error.to_string().contains("bytes remaining on stream"), "{error}");
}

/// The reader's error does not lose what has come, nor does the decoder's.
#[test]
fn errors_leave_the_rest_to_be_read() {
    let reads = [bytes([0]), Answer::Fail(io::ErrorKind::Other), bytes([1, 0, 0, 0, 2])];
    let mut frames = FramedRead::new(Script::reading(reads), Pairs);
    let all = polled(&mut frames);
    let (other, invalid) = (Err(io::ErrorKind::Other), Err(io::ErrorKind::InvalidData));
    assert_eq!(all, [Some(other), Some(Ok(1)), Some(invalid), Some(Ok(2))]);
}

#[test]
fn a_frame_may_be_larger_than_the_buffer_at_first() {
    struct Whole(usize);

    impl Decoder for Whole {
        type Item = usize;
        type Error = io::Error;

        fn decode(&mut self, src: &mut BytesMut) -> io::Result<Option<usize>> {
            Ok((src.len() >= self.0).then(|| src.split_to(self.0).len()))
        }
    }

    let data = vec![7; 100_000];
    let mut frames = FramedRead::new(&data[..], Whole(100_000));
    assert_eq!(polled(&mut frames), [Some(Ok(100_000))]);
}

/// At the end the decoder may give several frames, of bytes or of none.
#[test]
fn the_decoder_is_asked_until_it_has_no_more() {
    struct AtTheEnd(Vec<u8>);

    impl Decoder for AtTheEnd {
        type Item = u8;
        type Error = io::Error;

        fn decode(&mut self, _: &mut BytesMut) -> io::Result<Option<u8>> {
            Ok(None)
        }

        fn decode_eof(&mut self, buf: &mut BytesMut) -> io::Result<Option<u8>> {
            buf.clear();
            Ok(self.0.pop())
        }
    }

    let script = Script::reading([bytes("left over")]);
    let mut frames = FramedRead::new(script, AtTheEnd(vec![3, 2, 1]));
    assert_eq!(polled(&mut frames), [Some(Ok(1)), Some(Ok(2)), Some(Ok(3))]);
    assert_eq!(frames.decoder().0, [0; 0]);
    frames.decoder_mut().0.push(4);
    assert_eq!(frames.poll().unwrap(), Async::Ready(Some(4)));
}

#[test]
fn frames_go_out_when_they_are_flushed() {
    let script = Script::writing([bytes([0, 1, 0, 2, 0]), Answer::Block, bytes([3])]);
    let mut frames = FramedWrite::new(script, Pairs);
    for number in 1..=3 {
        assert!(frames.start_send(number).unwrap().is_ready());
    }
    assert_eq!(frames.get_ref().log, [""; 0], "nothing is written yet");
    assert!(frames.poll_complete().unwrap().is_not_ready());
    assert!(frames.poll_complete().unwrap().is_ready());
    assert_eq!(frames.get_ref().log, ["write", "write", "flush"]);
    assert!(frames.poll_complete().unwrap().is_ready(), "with nothing to write it only flushes");
    assert_eq!(frames.start_send(0).unwrap_err().kind(), io::ErrorKind::InvalidInput);
    assert!(frames.into_inner().is_done());
}

#[test]
fn closing_writes_flushes_and_shuts_down() {
    let mut frames = FramedWrite::new(Script::writing([Answer::Block, bytes([0, 1])]), Pairs);
    assert!(frames.start_send(1).unwrap().is_ready());
    assert!(frames.close().unwrap().is_not_ready());
    assert_eq!(frames.get_ref().log, [""; 0]);
    assert!(frames.close().unwrap().is_ready());
    assert_eq!(frames.get_ref().log, ["write", "flush", "shutdown"]);
}

/// 8 KiB wait at most: then a frame is refused, and given back, until there is room.
#[test]
fn a_full_buffer_takes_no_frame() {
    let full = vec![0xab; 8 * 1024];
    let mut script = vec![Answer::Block, bytes(&full[..100])];
    script.push(bytes(&full[100..]));
    script.push(bytes([0xcd; 2]));
    let mut frames = FramedWrite::new(Script::writing(script), Pairs);
    for _ in 0..full.len() / 2 {
        assert!(frames.start_send(0xabab).unwrap().is_ready());
    }
    assert_eq!(frames.start_send(0xcdcd).unwrap(), AsyncSink::NotReady(0xcdcd));
    assert_eq!(frames.start_send(0xcdcd).unwrap(), AsyncSink::Ready);
    assert!(frames.poll_complete().unwrap().is_ready());
    assert!(frames.get_ref().is_done());
}

#[test]
fn a_writer_that_takes_nothing_is_an_error() {
    let mut frames = FramedWrite::new(Script::writing([Answer::Fail(io::ErrorKind::Other)]), Pairs);
    assert!(frames.start_send(1).unwrap().is_ready());
    assert_eq!(frames.poll_complete().unwrap_err().kind(), io::ErrorKind::Other);
    assert_eq!(frames.poll_complete().unwrap_err().kind(), io::ErrorKind::WriteZero);
}

#[test]
fn both_directions_are_on_one_socket() {
    let script = Script::reading([bytes("one\ntwo\n"), Answer::Block, bytes("three")]);
    let mut framed = LinesCodec::new().framed(script);
    let all = polled(&mut framed);
    let line = |text: &str| Some(Ok(text.to_owned()));
    assert_eq!(all, [line("one"), line("two"), None, line("three")]);
    let (mut sink, stream) =
        Framed::new(Script::writing([bytes("ahoy\n")]), LinesCodec::new()).split();
    drop(stream);
    assert!(sink.start_send("ahoy".to_owned()).unwrap().is_ready());
    assert!(futures::future::poll_fn(|| sink.close()).wait().is_ok());
}

#[test]
fn parts_go_from_one_codec_to_the_next() {
    let mut framed = Framed::new(Script::reading([bytes("line\n\x00\x01\x00")]), LinesCodec::new());
    assert_eq!(framed.poll().unwrap(), Async::Ready(Some("line".to_owned())));
    assert!(framed.start_send("out".to_owned()).unwrap().is_ready());
    framed.codec_mut().encode("more".to_owned(), &mut BytesMut::new()).unwrap();
    assert_eq!(framed.codec().max_length(), usize::MAX);
    assert!(framed.get_ref().is_done() && framed.get_mut().is_done());

    let FramedParts { io, read_buf, write_buf, .. } = framed.into_parts();
    assert_eq!((&read_buf[..], &write_buf[..]), (&b"\x00\x01\x00"[..], &b"out\n"[..]));
    let mut parts = FramedParts::new(io, Pairs);
    (parts.read_buf, parts.write_buf) = (read_buf, write_buf);
    let mut framed = Framed::from_parts(parts);
    assert_eq!(framed.poll().unwrap(), Async::Ready(Some(1)), "without reading");
    assert_eq!(framed.into_parts().write_buf, "out\n");
}

#[test]
fn a_buffer_that_is_handed_in_has_room_afterwards() {
    for (given, room) in [(4, 8 * 1024), (20_000, 20_000)] {
        let mut parts = FramedParts::new(Script::default(), BytesCodec::new());
        parts.read_buf = vec![0; given].into();
        parts.write_buf = vec![0; given].into();
        let parts = Framed::from_parts(parts).into_parts();
        assert_eq!((parts.read_buf.len(), parts.read_buf.capacity()), (given, room));
        assert_eq!((parts.write_buf.len(), parts.write_buf.capacity()), (given, room));
    }
}

/// One direction of frames leaves the other to whatever the socket can do itself.
#[test]
fn the_other_direction_is_handed_through() {
    /// A sink and a stream of numbers that reads and writes nothing.
    struct Numbers(Vec<u8>);

    impl Stream for Numbers {
        type Item = u8;
        type Error = io::Error;

        fn poll(&mut self) -> Poll<Option<u8>, io::Error> {
            Ok(Async::Ready(self.0.pop()))
        }
    }

    impl Sink for Numbers {
        type SinkItem = u8;
        type SinkError = io::Error;

        fn start_send(&mut self, item: u8) -> StartSend<u8, io::Error> {
            self.0.push(item);
            Ok(AsyncSink::Ready)
        }

        fn poll_complete(&mut self) -> Poll<(), io::Error> {
            Ok(Async::Ready(()))
        }
    }

    impl io::Read for Numbers {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Ok(0)
        }
    }

    impl io::Write for Numbers {
        fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
            Ok(buf.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl tokio::io::AsyncRead for Numbers {}

    impl tokio::io::AsyncWrite for Numbers {
        fn shutdown(&mut self) -> Poll<(), io::Error> {
            Ok(Async::Ready(()))
        }
    }

    let mut read = FramedRead::new(Numbers(Vec::new()), BytesCodec::new());
    assert!(read.start_send(1).unwrap().is_ready());
    assert!(read.poll_complete().unwrap().is_ready() && read.close().unwrap().is_ready());
    assert_eq!(read.get_mut().0, [1]);
    let mut write = FramedWrite::new(read.into_inner(), BytesCodec::new());
    assert_eq!(write.poll().unwrap(), Async::Ready(Some(1)));
    assert!(write.start_send(Bytes::from("x")).unwrap().is_ready());
    assert_eq!(*write.encoder(), BytesCodec::new());
    *write.encoder_mut() = BytesCodec::default();
    write.get_mut().0.push(2);
    assert_eq!(write.get_ref().0, [2]);
}
