//! What was received, in memory that the thread lends for it.

use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::ops::Deref;
use std::task::{Poll, ready};

use bytes::Buf;

use crate::receive_buffers::{ReceiveBuffer, SpareBuffers};
use crate::runtime::context;

/// Bytes that were received, in memory that this thread lends until they are dropped.
///
/// A connection with a buffer of its own holds it while it waits. With many connections that is
/// most of the memory, and hardly any of it is in the processor's cache when something arrives.
/// [`read_lent`](super::AsyncReadExt::read_lent) and its siblings wait first, and only then take
/// memory, which is that of the last receive on this thread: so few buffers serve any number of
/// connections, and those that wait hold none.
///
/// Drop it soon. Each thread keeps up to 8 buffers for the next receives, and frees them when it
/// ends. Those that are lent beyond that are allocated, and freed when they come back.
///
/// It holds up to [`CAPACITY`](Self::CAPACITY) bytes and starts at a page.
/// [`advance`](Buf::advance) of [`Buf`] drops bytes from its front.
///
/// # It stays on its thread
///
/// It is not `Send`: what a thread has just received is in its own cache. So a task that may change
/// threads cannot hold it across an `await`. [`into_vec`](Self::into_vec) copies what is to be
/// kept, and [`write_all_lent`](crate::net::TcpStream::write_all_lent) sends it back at once.
///
/// ```compile_fail
/// fn elsewhere(lent: minato::io::Lent) {
///     std::thread::spawn(move || println!("{}", lent.len()));
/// }
/// ```
///
/// Rust takes a variable that was borrowed for one that lives as long as its block. Such a block
/// ends before the `await`:
///
/// ```
/// use minato::io::{self, AsyncReadExt, AsyncWriteExt};
/// use minato::net::TcpStream;
///
/// /// Answers each piece with its length.
/// async fn count(mut stream: TcpStream) -> io::Result<()> {
///     loop {
///         let length = match stream.read_lent().await? {
///             Some(lent) => lent.len(),
///             None => return Ok(()),
///         };
///         stream.write_all(format!("{length}\n").as_bytes()).await?;
///     }
/// }
///
/// # minato::run(async {
/// let listener = minato::net::TcpListener::bind("127.0.0.1:0").await?;
/// let mut client = TcpStream::connect(listener.local_addr()?).await?;
/// let (stream, _) = listener.accept().await?;
/// let counting = minato::spawn(count(stream));
/// client.write_all(b"ahoy").await?;
/// client.shutdown().await?;
/// let mut answer = String::new();
/// client.read_to_string(&mut answer).await?;
/// assert_eq!(answer, "4\n");
/// counting.await?
/// # }).unwrap();
/// ```
pub struct Lent {
    /// Away only while it is dropped.
    buffer: Option<Box<ReceiveBuffer>>,
    start: usize,
    end: usize,
    of_this_thread: PhantomData<*const ()>,
}

impl Lent {
    /// How many bytes one can hold: 16 KiB. Of a datagram, what is beyond that is lost.
    pub const CAPACITY: usize = ReceiveBuffer::SIZE;

    /// Takes memory, and lets `receive` write to at most `limit` bytes of it. If it has to wait, or
    /// fails, the memory goes back at once.
    #[inline(always)]
    pub(crate) fn poll_receive(
        limit: usize,
        receive: impl FnOnce(&mut [u8]) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<Self>> {
        let (mut lent, limit) = (Self::take(), limit.min(Self::CAPACITY));
        lent.end = ready!(receive(&mut lent.bytes_mut()[..limit]))?;
        Poll::Ready(Ok(lent))
    }

    /// Takes memory, and lets `receive` write to it, which returns how many bytes that were. If it
    /// fails, the memory goes back at once.
    #[inline(always)]
    pub(crate) fn receive(
        receive: impl FnOnce(&mut [u8]) -> io::Result<usize>,
    ) -> io::Result<Self> {
        Self::receive_with(|bytes| receive(bytes).map(|len| (len, ()))).map(|(lent, ())| lent)
    }

    /// The same, with what else `receive` returns.
    #[inline(always)]
    pub(crate) fn receive_with<T>(
        receive: impl FnOnce(&mut [u8]) -> io::Result<(usize, T)>,
    ) -> io::Result<(Self, T)> {
        let mut lent = Self::take();
        let (len, more) = receive(lent.bytes_mut())?;
        lent.end = len;
        Ok((lent, more))
    }

    /// Takes the memory that came back last.
    #[inline]
    fn take() -> Self {
        let spare = context::with_spare_buffers(SpareBuffers::pop).flatten();
        let buffer = Some(spare.unwrap_or_else(ReceiveBuffer::new));
        Self { buffer, start: 0, end: 0, of_this_thread: PhantomData }
    }

    /// All of the memory.
    #[inline]
    fn bytes_mut(&mut self) -> &mut [u8] {
        self.buffer.as_mut().map_or(&mut [], |buffer| &mut buffer.0)
    }

    /// What was read from a stream: nothing is its end.
    #[inline]
    pub(crate) fn or_end(self) -> Option<Self> {
        (!self.is_empty()).then_some(self)
    }

    /// A copy of what an attempt to send it has left.
    #[cold]
    pub(crate) fn into_rest(mut self, sent: io::Result<usize>) -> io::Result<Vec<u8>> {
        match sent {
            Ok(sent) => self.advance(sent),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        Ok(self.into_vec())
    }

    /// Copies the bytes to memory that is kept and may go to another thread.
    pub fn into_vec(self) -> Vec<u8> {
        self.to_vec()
    }
}

impl Drop for Lent {
    #[inline]
    fn drop(&mut self) {
        if let Some(buffer) = self.buffer.take() {
            context::with_spare_buffers(|spare| spare.push(buffer));
        }
    }
}

impl Deref for Lent {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        self.buffer.as_ref().map_or(&[], |buffer| &buffer.0[self.start..self.end])
    }
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl Buf for Lent {
    fn remaining(&self) -> usize {
        self.len()
    }

    fn chunk(&self) -> &[u8] {
        self
    }

    fn advance(&mut self, count: usize) {
        assert!(count <= self.len(), "{count} bytes are not there: {} are", self.len());
        self.start += count;
    }
}

impl fmt::Debug for Lent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Lent").field(&self.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use std::thread;

    fn receive(text: &str) -> Lent {
        Lent::receive(|bytes| {
            bytes[..text.len()].copy_from_slice(text.as_bytes());
            Ok(text.len())
        })
        .unwrap()
    }

    fn spare() -> usize {
        let mut spare = Vec::new();
        context::with_spare_buffers(|buffers| {
            spare.extend(std::iter::from_fn(|| buffers.pop()));
        });
        let count = spare.len();
        for buffer in spare {
            context::with_spare_buffers(|buffers| buffers.push(buffer));
        }
        count
    }

    #[test]
    fn what_came_back_last_is_taken_first_and_few_are_kept() {
        let first = receive("first");
        let address = first.as_ptr();
        drop(first);
        assert_eq!(spare(), 1);
        assert_eq!(receive("second").as_ptr(), address);
        let many: Vec<_> = (0..2 * SpareBuffers::MAX_COUNT).map(|_| receive("many")).collect();
        assert_eq!(spare(), 0);
        assert!(many.iter().all(|lent| **lent == *b"many"));
        drop(many);
        assert_eq!(spare(), SpareBuffers::MAX_COUNT);
    }

    #[test]
    fn a_receive_that_waits_or_fails_or_panics_gives_it_back() {
        drop(receive("a"));
        assert!(Lent::poll_receive(5, |_| Poll::Pending).is_pending());
        assert!(Lent::receive(|_| Err(io::ErrorKind::WouldBlock.into())).is_err());
        let panics = || Lent::receive(|_| panic!("as a reader may")).map(drop);
        assert!(std::panic::catch_unwind(panics).is_err());
        assert_eq!(spare(), 1);
    }

    #[test]
    fn no_more_than_the_limit_is_received_and_what_is_dropped_from_the_front_is_gone() {
        let polled = Lent::poll_receive(3, |bytes| Poll::Ready(Ok(bytes.len())));
        assert!(matches!(polled, Poll::Ready(Ok(lent)) if lent.len() == 3));
        let mut lent = receive("harbour");
        lent.advance(3);
        assert_eq!((lent.remaining(), lent.chunk()), (4, &b"bour"[..]));
        assert_eq!(lent.into_vec(), b"bour");
        assert!(receive("").or_end().is_none());
    }

    /// A receive within a receive, as when a reader waits for another one by a `block_on`.
    #[test]
    fn a_receive_within_another_has_memory_of_its_own() {
        let outer = Lent::receive(|bytes| {
            bytes[..5].copy_from_slice(b"outer");
            assert_eq!(&receive("inner")[..], b"inner");
            Ok(5)
        });
        assert_eq!(&outer.unwrap()[..], b"outer");
        assert_eq!(spare(), 2);
    }

    /// A thread's locals are dropped in an order that nobody knows.
    #[test]
    fn one_may_outlive_the_spare_buffers_of_its_thread_and_be_taken_after_them() {
        struct AtTheEnd(Option<Lent>);
        impl Drop for AtTheEnd {
            fn drop(&mut self) {
                assert_eq!(&self.0.take().unwrap()[..], b"early");
                assert_eq!(&receive("late")[..], b"late");
            }
        }
        thread_local! {
            static BEFORE: RefCell<AtTheEnd> = const { RefCell::new(AtTheEnd(None)) };
            static AFTER: RefCell<AtTheEnd> = const { RefCell::new(AtTheEnd(None)) };
        }
        let thread = thread::spawn(|| {
            // One of the two is registered to be dropped before the buffers, the other after them.
            BEFORE.with_borrow_mut(|_| ());
            let lent = receive("early");
            BEFORE.with_borrow_mut(|place| place.0 = Some(lent));
            AFTER.with_borrow_mut(|place| place.0 = Some(receive("early")));
        });
        thread.join().unwrap();
    }
}
