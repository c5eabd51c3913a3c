//! UDP sockets, Unix sockets, and any other descriptor: whole datagrams, what passes besides bytes,
//! and what may not be waited for.

mod kit;

mod async_fd;
#[cfg(target_os = "linux")]
mod conformance;
mod udp {
    mod batches;
    mod bulk_by_value;
    mod by_value;
    mod callers_buffers;
    mod datagrams;
    mod lent;
    mod mixed;
    mod options;
    mod segments;
    mod standard;
    mod waiting;
}
mod unix {
    mod ancillary;
    mod datagrams;
    mod descriptors;
    mod passing_by_datagram;
    mod pipes;
    mod sockets;
    mod standard;
    mod streams;
}

use std::ffi::CString;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use minato::net::UdpSocket;

async fn local() -> io::Result<(UdpSocket, SocketAddr)> {
    let socket = UdpSocket::bind("127.0.0.1:0").await?;
    let address = socket.local_addr()?;
    Ok((socket, address))
}

/// Two sockets, each connected to the other.
async fn connected_pair() -> io::Result<(UdpSocket, UdpSocket)> {
    let ((a, at_a), (b, at_b)) = (local().await?, local().await?);
    a.connect(at_b).await?;
    b.connect(at_a).await?;
    Ok((a, b))
}

/// A FIFO in `directory`.
fn fifo(directory: &Path) -> io::Result<PathBuf> {
    let path = directory.join("fifo");
    let name = CString::new(path.as_os_str().as_encoded_bytes()).unwrap();
    // SAFETY: the path ends with a zero byte.
    match unsafe { libc::mkfifo(name.as_ptr(), 0o600) } {
        0 => Ok(path),
        _ => Err(io::Error::last_os_error()),
    }
}

fn directory() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}
