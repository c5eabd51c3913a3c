//! A stream of frames.

use std::io;

use minato::io::{AsyncReadExt, AsyncWriteExt};
use minato::net::TcpStream;

use crate::message::{Frame, LENGTH};

/// A connection over which frames go.
pub(crate) struct Connection {
    stream: TcpStream,
    /// Bytes of a frame that is not here as a whole.
    incoming: Vec<u8>,
}

impl Connection {
    pub(crate) fn new(stream: TcpStream) -> io::Result<Connection> {
        stream.set_nodelay(true)?;
        Ok(Connection { stream, incoming: Vec::new() })
    }

    /// Sends a frame. If the future is dropped before its end, a part may have been sent: then the
    /// connection is of no more use.
    pub(crate) async fn send(&mut self, frame: &Frame) -> io::Result<()> {
        self.stream.write_all(frame).await
    }

    /// The next frame. If the future is dropped before its end, nothing is lost.
    pub(crate) async fn receive(&mut self) -> io::Result<Frame> {
        loop {
            if let Some((frame, rest)) = self.incoming.split_first_chunk::<LENGTH>() {
                let (frame, rest) = (*frame, rest.to_vec());
                self.incoming = rest;
                return Ok(frame);
            }
            if self.stream.read_buf(&mut self.incoming).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
}
