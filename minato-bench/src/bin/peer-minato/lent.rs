//! The echo without a buffer of each connection: the thread lends one when something has arrived,
//! and the answer is tried at once.

use std::io;

use minato::io::AsyncReadExt;
use minato::net::TcpStream;
use minato_bench::peer::PeerCommand;

use crate::host::Host;

pub(crate) fn serve(host: &Host, command: &PeerCommand) -> io::Result<()> {
    host.serve(command, echo)
}

async fn echo(mut stream: TcpStream) -> io::Result<()> {
    loop {
        let written = match stream.read_lent().await? {
            Some(lent) => stream.write_all_lent(lent),
            None => return Ok(()),
        };
        written.await?;
    }
}
