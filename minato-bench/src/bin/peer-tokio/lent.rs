//! The echo without a buffer of each connection, as tokio's users write it by hand: wait until
//! there is something to read, then read it into a buffer of the thread, and answer at once.

use std::cell::RefCell;
use std::io::{self, ErrorKind};

use minato_bench::peer::{PageBuffer, PeerCommand};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::host::Host;

thread_local! {
    static BUFFER: RefCell<PageBuffer> = RefCell::new(PageBuffer::new());
}

pub(crate) fn serve(host: &Host, command: &PeerCommand) -> io::Result<()> {
    host.serve(command, echo)
}

async fn echo(mut stream: TcpStream) -> io::Result<()> {
    loop {
        stream.readable().await?;
        match BUFFER.with_borrow_mut(|buffer| answer(&stream, buffer)) {
            Ok(None) => return Ok(()),
            Ok(Some(rest)) if rest.is_empty() => {}
            Ok(Some(rest)) => stream.write_all(&rest).await?,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

/// Reads, and writes what the client takes at once. Returns the rest, or nothing at the end of the
/// stream.
fn answer(stream: &TcpStream, buffer: &mut [u8]) -> io::Result<Option<Vec<u8>>> {
    let received = stream.try_read(buffer)?;
    if received == 0 {
        return Ok(None);
    }
    let sent = match stream.try_write(&buffer[..received]) {
        Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
        sent => sent?,
    };
    Ok(Some(buffer[sent..received].to_vec()))
}
