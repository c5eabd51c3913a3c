//! The relay: smol has a copy in one direction, so two of them at once.

use std::io;
use std::net::{Shutdown, SocketAddr};

use smol::future::try_zip;
use smol::io::copy;
use smol::net::TcpStream;

pub(crate) async fn relay(stream: TcpStream, target: SocketAddr) -> io::Result<()> {
    let other = TcpStream::connect(target).await?;
    other.set_nodelay(true)?;
    try_zip(one_way(&stream, &other), one_way(&other, &stream)).await?;
    Ok(())
}

async fn one_way(from: &TcpStream, to: &TcpStream) -> io::Result<u64> {
    let copied = copy(from.clone(), to.clone()).await?;
    to.shutdown(Shutdown::Write)?;
    Ok(copied)
}
