//! The relay: smol has a copy in one direction, so two of them at once.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpStream};

use smol::Async;
use smol::future::try_zip;
use smol::io::copy;

pub(crate) async fn relay(stream: Async<TcpStream>, target: SocketAddr) -> io::Result<()> {
    let other = Async::<TcpStream>::connect(target).await?;
    other.get_ref().set_nodelay(true)?;
    try_zip(one_way(&stream, &other), one_way(&other, &stream)).await?;
    Ok(())
}

async fn one_way(from: &Async<TcpStream>, to: &Async<TcpStream>) -> io::Result<u64> {
    let copied = copy(from, to).await?;
    to.get_ref().shutdown(Shutdown::Write)?;
    Ok(copied)
}
