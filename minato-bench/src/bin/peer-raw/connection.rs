//! The connections of the epoll loop: with a buffer each, or with one for all of them.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::ops::Range;

use crate::serve::{Buffer, Serving};

/// A connection of the loop, which is edge-triggered: it is served until it would block, or until a
/// short read says that later bytes bring an event of their own.
pub(crate) trait Connection: Sized + Send + 'static {
    fn new(stream: TcpStream, serving: Serving) -> Self;

    fn stream(&self) -> &TcpStream;

    /// Receives, into its own buffer or that of the loop, and sends. Returns whether this is the
    /// end.
    fn serve(&mut self, serving: Serving, buffer: &mut [u8]) -> io::Result<bool>;
}

/// With a buffer of its own, which keeps what it has yet to send.
pub(crate) struct Owning {
    stream: TcpStream,
    buffer: Buffer,
    unsent: Range<usize>,
}

impl Connection for Owning {
    fn new(stream: TcpStream, serving: Serving) -> Owning {
        Owning { stream, buffer: serving.buffer(), unsent: 0..0 }
    }

    fn stream(&self) -> &TcpStream {
        &self.stream
    }

    fn serve(&mut self, serving: Serving, _: &mut [u8]) -> io::Result<bool> {
        loop {
            if !self.unsent.is_empty() {
                self.send()?;
                if serving.once {
                    return Ok(true);
                }
            }
            let buffer = self.buffer.bytes();
            let received = self.stream.read(buffer)?;
            if received == 0 {
                return Ok(true);
            }
            serving.consider(&buffer[..received]);
            let drained = received < buffer.len();
            self.unsent = 0..received;
            if drained && !serving.once {
                self.send()?;
                return Ok(false);
            }
        }
    }
}

impl Owning {
    fn send(&mut self) -> io::Result<()> {
        while !self.unsent.is_empty() {
            self.unsent.start += self.stream.write(&self.buffer.bytes()[self.unsent.clone()])?;
        }
        Ok(())
    }
}

/// Without a buffer: what the client does not take at once is copied out of that of the loop.
pub(crate) struct Borrowing {
    stream: TcpStream,
    unsent: Vec<u8>,
}

impl Connection for Borrowing {
    fn new(stream: TcpStream, _: Serving) -> Borrowing {
        Borrowing { stream, unsent: Vec::new() }
    }

    fn stream(&self) -> &TcpStream {
        &self.stream
    }

    fn serve(&mut self, _: Serving, buffer: &mut [u8]) -> io::Result<bool> {
        loop {
            self.send_rest()?;
            let received = self.stream.read(buffer)?;
            if received == 0 {
                return Ok(true);
            }
            self.send(&buffer[..received])?;
            if received < buffer.len() {
                return Ok(false);
            }
        }
    }
}

impl Borrowing {
    /// Sends what it can of `bytes`, and keeps the rest.
    fn send(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.stream.write(bytes) {
                Ok(sent) => bytes = &bytes[sent..],
                Err(error) => {
                    if error.kind() == ErrorKind::WouldBlock {
                        self.unsent.extend_from_slice(bytes);
                    }
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    fn send_rest(&mut self) -> io::Result<()> {
        while !self.unsent.is_empty() {
            let sent = self.stream.write(&self.unsent)?;
            self.unsent.drain(..sent);
            if self.unsent.is_empty() {
                // A connection that waits holds no memory.
                self.unsent = Vec::new();
            }
        }
        Ok(())
    }
}
