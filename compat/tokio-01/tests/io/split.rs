//! One object as a reader and a writer.

use std::io::{Cursor, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::Async;
use futures::executor::{Notify, spawn};
use futures::{Future, Poll, future};
use tokio::io::{self, AsyncRead, AsyncWrite};

use crate::script::{Script, Step};

#[test]
fn halves_read_and_write_and_become_one_again() {
    let (reader, writer) = Script::new(&[Step::Bytes(b"ahoy")]).split();
    let (reader, buf) = io::read_exact(reader, [0; 4]).wait().unwrap();
    assert_eq!(&buf, b"ahoy");
    let (writer, _) = io::write_all(writer, b"there").wait().unwrap();
    let writer = io::shutdown(writer).wait().unwrap();
    let whole = reader.unsplit(writer);
    assert!(whole.is_shut_down);
    assert_eq!(whole.written, b"there");
}

#[test]
fn halves_of_different_objects_do_not_become_one() {
    let text = |unsplit: Box<dyn FnOnce() -> Script>| {
        let panic = catch_unwind(AssertUnwindSafe(unsplit)).unwrap_err();
        panic.downcast_ref::<&str>().map(|text| text.to_string()).unwrap()
    };
    let (reader, _writer) = Script::new(&[]).split();
    let (_reader, writer) = Script::new(&[]).split();
    assert_eq!(
        text(Box::new(|| reader.unsplit(writer))),
        "Unrelated `WriteHalf` passed to `ReadHalf::unsplit`."
    );
    let (reader, _writer) = Script::new(&[]).split();
    let (_reader, writer) = Script::new(&[]).split();
    assert_eq!(
        text(Box::new(|| writer.unsplit(reader))),
        "Unrelated `ReadHalf` passed to `WriteHalf::unsplit`."
    );
}

/// Tries its other half while it is being read.
struct Crossed {
    writer: Arc<std::sync::Mutex<Option<io::WriteHalf<Crossed>>>>,
    was_ready: Option<bool>,
}

impl Read for Crossed {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        let mut writer = self.writer.lock().unwrap().take().unwrap();
        self.was_ready = Some(writer.poll_write(b"a")?.is_ready());
        assert_eq!(writer.write(b"a").unwrap_err().kind(), io::ErrorKind::WouldBlock);
        *self.writer.lock().unwrap() = Some(writer);
        Ok(0)
    }
}

impl AsyncRead for Crossed {}

impl Write for Crossed {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl AsyncWrite for Crossed {
    fn shutdown(&mut self) -> Poll<(), io::Error> {
        Ok(Async::Ready(()))
    }
}

#[derive(Default)]
struct Count(AtomicUsize);

impl Notify for Count {
    fn notify(&self, _: usize) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn while_one_half_works_the_other_is_not_ready_and_is_notified_after() {
    let place = Arc::new(std::sync::Mutex::new(None));
    let (mut reader, writer) = Crossed { writer: place.clone(), was_ready: None }.split();
    *place.lock().unwrap() = Some(writer);
    let count = Arc::new(Count::default());
    let mut reading = spawn(future::poll_fn(|| reader.poll_read(&mut [0])));
    assert_eq!(reading.poll_future_notify(&count, 0).unwrap(), Async::Ready(0));
    drop(reading);
    assert_eq!(count.0.load(Ordering::SeqCst), 1);
    let mut writer = place.lock().unwrap().take().unwrap();
    let mut writing = spawn(future::poll_fn(|| writer.poll_write(b"a")));
    assert_eq!(writing.poll_future_notify(&count, 0).unwrap(), Async::Ready(1));
    drop(writing);
    assert_eq!(reader.unsplit(writer).was_ready, Some(false));
}

#[test]
fn a_half_over_memory() {
    let (reader, writer) = Both(Cursor::new(Vec::new()), 0).split();
    let (writer, _) = io::write_all(writer, b"ahoy").wait().unwrap();
    let (reader, buf) = io::read_exact(reader, [0; 4]).wait().unwrap();
    assert_eq!(&buf, b"ahoy");
    drop(reader.unsplit(writer));
}

/// Reads what was written.
struct Both(Cursor<Vec<u8>>, usize);

impl Read for Both {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let rest = &self.0.get_ref()[self.1..];
        let len = rest.len().min(buf.len());
        buf[..len].copy_from_slice(&rest[..len]);
        self.1 += len;
        Ok(len)
    }
}

impl AsyncRead for Both {}

impl Write for Both {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl AsyncWrite for Both {
    fn shutdown(&mut self) -> Poll<(), io::Error> {
        Ok(Async::Ready(()))
    }
}
