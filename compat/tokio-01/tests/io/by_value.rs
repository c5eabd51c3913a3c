//! The futures that take and give back.

use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};

use futures::{Async, Future};
use tokio::io::{self, AsyncRead};

use crate::script::{ByHand, Script, Step};

#[test]
fn read_exact_goes_on_until_the_buffer_is_full() {
    let reader =
        Script::new(&[Step::Bytes(b"a"), Step::Block, Step::Bytes(b"ho"), Step::Bytes(b"y!")]);
    let mut reading = ByHand::new(io::read_exact(reader, [0; 4]));
    assert!(reading.poll().unwrap().is_not_ready());
    let (mut reader, buf) = reading.finish().unwrap();
    assert_eq!(&buf, b"ahoy");
    assert_eq!(
        reader.poll_read(&mut [0; 9]).unwrap(),
        Async::Ready(1),
        "no more than was asked for"
    );
}

#[test]
fn an_empty_read_exact_is_done_at_once_without_a_task() {
    let reader = Script::new(&[Step::Fail(ErrorKind::Other)]);
    assert!(io::read_exact(reader, []).poll().unwrap().is_ready());
}

/// What tokio 0.1 dropped with the first error.
#[test]
fn an_error_of_read_exact_leaves_reader_and_buffer() {
    let reader = Script::new(&[Step::Bytes(b"ship")]);
    let mut reading = ByHand::new(io::read_exact(reader, [0; 8]));
    let error = reading.poll().unwrap_err();
    assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::UnexpectedEof, "early eof"));
    let (_, buf, filled) = reading.into_inner().into_parts().unwrap();
    assert_eq!(&buf[..filled], b"ship");
}

#[test]
fn an_error_of_write_all_leaves_writer_and_buffer() {
    let writer = Script::new(&[Step::Bytes(b"12"), Step::Bytes(b"")]);
    let mut writing = ByHand::new(io::write_all(writer, b"ahoy"));
    let error = writing.poll().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WriteZero);
    assert_eq!(error.to_string(), "zero-length write");
    let (writer, buf, written) = writing.into_inner().into_parts().unwrap();
    assert_eq!((&writer.written[..], buf, written), (&b"ah"[..], b"ahoy", 2));
}

#[test]
fn after_an_error_a_future_goes_on_if_it_is_polled_again() {
    let reader =
        Script::new(&[Step::Bytes(b"ah"), Step::Fail(ErrorKind::TimedOut), Step::Bytes(b"oy")]);
    let mut reading = ByHand::new(io::read_exact(reader, [0; 4]));
    assert_eq!(reading.poll().unwrap_err().kind(), ErrorKind::TimedOut);
    assert_eq!(&reading.finish().unwrap().1, b"ahoy");
}

#[test]
fn read_to_end_keeps_what_it_has_while_it_waits() {
    let reader = Script::new(&[Step::Bytes(b"star"), Step::Block, Step::Bytes(b"bo"), Step::Block]);
    let mut reading = ByHand::new(io::read_to_end(reader, b"> ".to_vec()));
    assert!(reading.poll().unwrap().is_not_ready());
    assert!(reading.poll().unwrap().is_not_ready());
    let (_, so_far) = reading.into_inner().into_parts().unwrap();
    assert_eq!(so_far, b"> starbo");

    let reader = Script::new(&[Step::Bytes(b"star"), Step::Block, Step::Bytes(b"board")]);
    let (_, all) = ByHand::new(io::read_to_end(reader, Vec::new())).finish().unwrap();
    assert_eq!(all, b"starboard");
}

#[test]
fn read_until_stops_behind_the_byte_or_at_the_end() {
    let reader = Script::new(&[Step::Bytes(b"bo"), Step::Block, Step::Bytes(b"w;stern")]);
    let reader = std::io::BufReader::new(reader);
    let (reader, field) = ByHand::new(io::read_until(reader, b';', Vec::new())).finish().unwrap();
    assert_eq!(field, b"bow;");
    let (_, field) = ByHand::new(io::read_until(reader, b';', Vec::new())).finish().unwrap();
    assert_eq!(field, b"stern");
}

#[test]
fn read_reads_once() {
    let reader = Script::new(&[Step::Bytes(b"ah"), Step::Bytes(b"oy")]);
    let (_, buf, len) = io::read(reader, [0; 8]).wait().unwrap();
    assert_eq!(&buf[..len], b"ah");
}

#[test]
fn flush_and_shutdown_give_the_writer_back() {
    let (writer, _) = io::write_all(Script::new(&[]), b"ahoy").wait().unwrap();
    assert!(writer.flushes.is_empty(), "write_all does not flush");
    let writer = io::flush(writer).wait().unwrap();
    assert_eq!(writer.flushes, [4]);
    assert!(io::shutdown(writer).wait().unwrap().is_shut_down);
}

#[test]
fn a_future_that_is_done_panics_with_its_name() {
    fn panics<F: Future<Error = io::Error>>(future: F, name: &str) {
        let mut future = ByHand::new(future);
        assert!(future.poll().unwrap().is_ready());
        let Err(panic) = catch_unwind(AssertUnwindSafe(|| future.poll().map(drop))) else {
            panic!("{name} went on")
        };
        let text = panic.downcast_ref::<String>().unwrap();
        assert_eq!(*text, format!("poll a {name} after it's done"));
    }

    panics(io::read_exact(&b"a"[..], [0]), "ReadExact");
    panics(io::read(&b"a"[..], [0]), "Read");
    panics(io::read_to_end(&b"a"[..], Vec::new()), "ReadToEnd");
    panics(io::read_until(&b"a"[..], b'a', Vec::new()), "ReadUntil");
    panics(io::write_all(std::io::sink(), b"a"), "WriteAll");
    panics(io::copy(&b"a"[..], std::io::sink()), "Copy");
    panics(io::flush(std::io::sink()), "Flush");
    panics(io::shutdown(std::io::sink()), "Shutdown");
}
