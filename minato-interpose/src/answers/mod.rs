//! What each function does in a world. `None` leaves it to the system.
//!
//! A call that goes past the world is noted there ([`World::note_escape`]), so that the run fails
//! with a text that names the call and the host. The call itself returns `EOPNOTSUPP`: a panic
//! cannot leave a function of C.

mod address;
mod names;
mod numbers;
mod processes;
mod random;
mod sockets;
mod time;
mod waits;

use std::ffi::c_int;
use std::io;

use minato_sim::Host;

pub(crate) use self::names::{freeaddrinfo, getaddrinfo, gethostname};
pub(crate) use self::numbers::syscall;
pub(crate) use self::processes::{fork, posix_spawn, posix_spawnp, sched_getaffinity};
pub(crate) use self::random::{getentropy, getrandom};
pub(crate) use self::sockets::{
    accept, accept4, bind, connect, getpeername, getsockname, listen, read, readv, recv, recvfrom,
    recvmsg, send, sendmsg, sendto, shutdown, write, writev,
};
pub(crate) use self::time::{clock_gettime, clock_nanosleep, gettimeofday, nanosleep, time};
pub(crate) use self::waits::{epoll_wait, poll, ppoll};

/// The result of a call: 0, or -1 with the number of the error.
fn status(result: io::Result<()>) -> c_int {
    let Err(error) = result else { return 0 };
    // SAFETY: this is the place for the number of an error on this thread.
    unsafe { *libc::__errno_location() = error.raw_os_error().unwrap_or(libc::EOPNOTSUPP) };
    -1
}

/// Notes that the code of a host does what goes past its world; the result of such a call.
fn escape(host: &Host, what: &str) -> c_int {
    let text = format!("the simulated host {} {what}", host.name());
    eprintln!("minato: {text}");
    host.world().note_escape(text);
    status(Err(io::Error::from_raw_os_error(libc::EOPNOTSUPP)))
}
