//! monoio under the names that the shared sources use.

pub(crate) use monoio::spawn;

pub(crate) mod io {
    pub(crate) use monoio::io::{AsyncReadRent as AsyncRead, AsyncWriteRentExt as AsyncWriteExt};

    /// The result and the buffer.
    pub(crate) fn parts<T, B>(result: monoio::BufResult<T, B>) -> (std::io::Result<T>, B) {
        result
    }
}

pub(crate) mod net {
    pub(crate) use monoio::net::TcpStream;
    pub(crate) use monoio::net::udp::UdpSocket;
}

pub(crate) mod task {
    pub(crate) use minato_bench::kit::yield_now;
}

pub(crate) mod time {
    pub(crate) use monoio::time::{Instant, Sleep, sleep, sleep_until, timeout};
}
