//! compio under the names that the shared sources use.

pub(crate) use compio::runtime::spawn;

pub(crate) mod io {
    pub(crate) use compio::io::{AsyncRead, AsyncWriteExt};

    /// The result and the buffer.
    pub(crate) fn parts<T, B>(result: compio::BufResult<T, B>) -> (std::io::Result<T>, B) {
        (result.0, result.1)
    }
}

pub(crate) mod net {
    pub(crate) use compio::net::{TcpStream, UdpSocket};
}

pub(crate) mod task {
    pub(crate) use minato_bench::kit::yield_now;
}

pub(crate) mod time {
    pub(crate) use compio::time::{sleep, timeout};
}
