//! The relay, with the runtime's own `copy_bidirectional`.

use std::io;
use std::net::SocketAddr;

use crate::rt::io::copy_bidirectional;
use crate::rt::net::TcpStream;

pub(crate) async fn relay(mut stream: TcpStream, target: SocketAddr) -> io::Result<()> {
    let mut other = TcpStream::connect(target).await?;
    other.set_nodelay(true)?;
    copy_bidirectional(&mut stream, &mut other).await?;
    Ok(())
}
