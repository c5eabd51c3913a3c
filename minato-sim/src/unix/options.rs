//! The options of Unix sockets: those that every socket of Linux has.

use std::io;

use crate::arena::Key;
use crate::errno::{self, fail};
use crate::named::OptionName;
use crate::options::SocketOption;
use crate::settings::linger;
use crate::state::State;

/// The most that a buffer can be asked to have, which Linux doubles.
const LARGEST: usize = super::BUFFER;
const SMALLEST_SEND: usize = 4608;
const SMALLEST_RECEIVE: usize = 2304;

/// Whether a Unix socket has the option of that name.
pub(crate) fn has_option(name: OptionName) -> bool {
    matches!(
        name,
        OptionName::ReuseAddress
            | OptionName::ReusePort
            | OptionName::KeepAlive
            | OptionName::Linger
            | OptionName::SendBufferSize
            | OptionName::ReceiveBufferSize
            | OptionName::Broadcast
            | OptionName::PassCredentials
    )
}

impl State {
    /// Sizes are doubled and have limits, as on Linux. The other options change nothing.
    pub(crate) fn set_unix_option(&mut self, key: Key, option: SocketOption) -> io::Result<()> {
        let options = &mut self.socket_mut(key).options;
        match option {
            SocketOption::ReuseAddress(value) => options.reuse_address = value,
            SocketOption::Keepalive(value) => options.keepalive = value,
            SocketOption::Broadcast(value) => options.broadcast = value,
            SocketOption::Linger(value) => options.linger = value.map(linger).transpose()?,
            SocketOption::SendBuffer(bytes) => {
                options.send_buffer = (bytes.min(LARGEST) * 2).max(SMALLEST_SEND);
                self.edge(key);
            }
            SocketOption::ReceiveBuffer(bytes) => {
                options.receive_buffer = (bytes.min(LARGEST) * 2).max(SMALLEST_RECEIVE);
            }
            _ => return fail(errno::EOPNOTSUPP),
        }
        Ok(())
    }
}
