//! Futures that are polled after they were done: a panic that names them.

use std::future::Future;
use std::panic::{self, AssertUnwindSafe};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use minato::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, owned};

/// Polls `future` until it is done and once more; returns the text of the panic.
fn poll_beyond<F: Future>(future: F) -> String {
    let mut future = pin!(future);
    let mut cx = Context::from_waker(Waker::noop());
    while future.as_mut().poll(&mut cx).is_pending() {}
    let again = panic::catch_unwind(AssertUnwindSafe(|| match future.as_mut().poll(&mut cx) {
        Poll::Ready(_) => "ready",
        Poll::Pending => "pending",
    }));
    match again {
        Ok(state) => state.to_owned(),
        Err(panic) => match panic.downcast::<String>() {
            Ok(text) => *text,
            Err(panic) => (*panic.downcast::<&str>().unwrap()).to_owned(),
        },
    }
}

/// The text must name the future, so that one who reads it knows what to look for.
fn assert_named(name: &str, text: &str) {
    assert!(text.contains(name), "{name}: {text:?}");
    assert!(text.contains("after"), "{name}: {text:?}");
}

#[test]
fn an_owned_future_says_its_name() {
    let reader = || &b"ab\ncd"[..];
    assert_named("Read", &poll_beyond(owned::read(reader(), [0; 2])));
    assert_named("ReadExact", &poll_beyond(owned::read_exact(reader(), [0; 2])));
    assert_named("ReadToEnd", &poll_beyond(owned::read_to_end(reader(), vec![])));
    assert_named("ReadUntil", &poll_beyond(owned::read_until(reader(), b'\n', vec![])));
    assert_named("WriteAll", &poll_beyond(owned::write_all(Vec::new(), [0; 2])));
    assert_named("Flush", &poll_beyond(owned::flush(Vec::new())));
    assert_named("Shutdown", &poll_beyond(owned::shutdown(Vec::new())));
    assert_named("Copy", &poll_beyond(owned::copy(reader(), Vec::new())));
}

/// The helpers that borrow hold nothing that could be gone: they go on, or say why not. None of
/// them does anything twice.
#[test]
fn a_borrowing_future_does_nothing_twice() {
    let mut buf = [0; 2];
    let mut reader = &b"abcd"[..];
    poll_beyond(reader.read_exact(&mut buf));
    assert_eq!(reader, b"cd");
    let mut writer = Vec::new();
    poll_beyond(writer.write_all(b"once"));
    assert_eq!(writer, b"once");
    let mut text = String::new();
    let mut reader = &b"line\nmore"[..];
    poll_beyond(reader.read_line(&mut text));
    assert!(text.starts_with("line\n"), "{text:?}");
}
