//! The echo without a buffer of each connection: the kernel chooses one from the pool that the ring
//! has when something has arrived.
//!
//! One request that receives for as long as the connection lasts (`read_multi`) costs less, and is
//! no server: a client that does not read takes all buffers, and then every other read fails.

use std::io;
use std::num::NonZero;

use compio::io::{AsyncReadManaged, AsyncWriteExt};
use compio::net::TcpStream;

/// Buffers of the pool: a read fails if there is none, and each is in use until its answer is out.
/// That suffices for 50 requests at a time, and more buffers would be colder.
pub(crate) const BUFFERS: NonZero<u16> = NonZero::new(128).unwrap();

pub(crate) async fn echo(mut stream: TcpStream) -> io::Result<()> {
    while let Some(buffer) = stream.read_managed(0).await? {
        stream.write_all(buffer).await.0?;
    }
    Ok(())
}
