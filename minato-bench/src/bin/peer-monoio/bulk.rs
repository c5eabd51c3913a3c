//! monoio has no calls for several datagrams, or several segments, at once.

use std::io;

use minato_bench::peer::{PeerCommand, lacks};

pub(crate) fn serve(_: &PeerCommand) -> io::Result<()> {
    lacks("datagrams in bulk")
}
