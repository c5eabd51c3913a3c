//! Numbering what a stream gives.

use futures::{Async, Poll, Sink, StartSend, Stream, try_ready};

/// A stream whose items are numbered; made by
/// [`StreamExt::enumerate`](super::StreamExt::enumerate).
///
/// If the stream is a sink, so is this: it hands through what is sent.
#[must_use = "streams do nothing unless polled"]
#[derive(Debug)]
pub struct Enumerate<T> {
    stream: T,
    count: usize,
}

impl<T> Enumerate<T> {
    pub(super) fn new(stream: T) -> Self {
        Self { stream, count: 0 }
    }

    /// The stream. An item that is taken from it directly gets no number.
    pub fn get_ref(&self) -> &T {
        &self.stream
    }

    /// The stream. An item that is taken from it directly gets no number.
    pub fn get_mut(&mut self) -> &mut T {
        &mut self.stream
    }

    /// Gives the stream back.
    pub fn into_inner(self) -> T {
        self.stream
    }
}

impl<T: Stream> Stream for Enumerate<T> {
    type Item = (usize, T::Item);
    type Error = T::Error;

    fn poll(&mut self) -> Poll<Option<(usize, T::Item)>, T::Error> {
        let item = try_ready!(self.stream.poll());
        Ok(Async::Ready(item.map(|item| {
            let number = self.count;
            self.count += 1;
            (number, item)
        })))
    }
}

impl<T: Sink> Sink for Enumerate<T> {
    type SinkItem = T::SinkItem;
    type SinkError = T::SinkError;

    fn start_send(&mut self, item: T::SinkItem) -> StartSend<T::SinkItem, T::SinkError> {
        self.stream.start_send(item)
    }

    fn poll_complete(&mut self) -> Poll<(), T::SinkError> {
        self.stream.poll_complete()
    }

    fn close(&mut self) -> Poll<(), T::SinkError> {
        self.stream.close()
    }
}
