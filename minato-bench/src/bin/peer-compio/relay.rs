//! The relay, with compio's own `copy_bidirectional`.

use std::io;
use std::net::SocketAddr;

use compio::io::util::copy_bidirectional;
use compio::net::TcpStream;

pub(crate) async fn relay(stream: TcpStream, target: SocketAddr) -> io::Result<()> {
    let other = TcpStream::connect(target).await?;
    other.set_nodelay(true)?;
    let (there, back) = copy_bidirectional(stream, other).await;
    there.and(back)?;
    Ok(())
}
