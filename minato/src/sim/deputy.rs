//! The descriptors that stand for this library's simulated sockets, while libraries pass them
//! through std; and what a thread is, for those who answer the C library's functions.

use std::io;

use minato_interpose::{Deputies, Place, Simulated};
use minato_sim::{Host, OptionName, OptionValue, Socket, World};

use super::SimSocket;
use crate::os::{BorrowedDescriptor, options};
use crate::runtime::context;

/// All of this process.
pub(crate) static DEPUTIES: Deputies<SimSocket> = Deputies::new();

impl Simulated for SimSocket {
    fn option_of(real: &options::Socket, name: OptionName) -> io::Result<OptionValue> {
        options::get(real, name)
    }

    fn set_option_of(
        real: &options::Socket,
        name: OptionName,
        value: OptionValue,
    ) -> io::Result<()> {
        options::set(real, name, value)
    }
}

/// Where a thread is.
#[derive(Debug)]
pub struct Here;

impl Place for Here {
    fn world() -> Option<World> {
        context::world()
    }

    fn host() -> Option<Host> {
        super::host()
    }

    fn with_deputy<T>(
        descriptor: BorrowedDescriptor<'_>,
        host: Option<&Host>,
        verb: impl FnOnce(&Socket) -> io::Result<T>,
    ) -> Option<io::Result<T>> {
        DEPUTIES.with(descriptor, host, verb)
    }
}
