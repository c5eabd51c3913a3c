//! System calls by their numbers: what crates reach by `syscall`.

use std::ffi::c_long;
use std::io;

use super::status;
use crate::{Place, answers};

/// Answers a call as the function of that name does.
macro_rules! answer {
    ($name:ident::<$place:ident>($($argument:ident),*)) => {
        // SAFETY: the call has these arguments, and the caller has kept to what it asks for.
        unsafe { answers::$name::<$place>($($argument as _),*) }.map(|answer| answer as c_long)
    };
}

pub(crate) unsafe fn syscall<P: Place>(
    number: c_long,
    a: c_long,
    b: c_long,
    c: c_long,
    d: c_long,
    e: c_long,
    f: c_long,
) -> Option<c_long> {
    match number {
        libc::SYS_getrandom => answer!(getrandom::<P>(a, b, c)),
        libc::SYS_clock_gettime => answer!(clock_gettime::<P>(a, b)),
        libc::SYS_gettimeofday => answer!(gettimeofday::<P>(a, b)),
        libc::SYS_nanosleep => answer!(nanosleep::<P>(a, b)),
        // The function returns the number of its error, which the call has elsewhere.
        libc::SYS_clock_nanosleep => match answer!(clock_nanosleep::<P>(a, b, c, d))? {
            0 => Some(0),
            error => {
                let error = io::Error::from_raw_os_error(error as i32);
                Some(status(Err(error)).into())
            }
        },
        libc::SYS_bind => answer!(bind::<P>(a, b, c)),
        libc::SYS_listen => answer!(listen::<P>(a, b)),
        libc::SYS_connect => answer!(connect::<P>(a, b, c)),
        libc::SYS_getsockname => answer!(getsockname::<P>(a, b, c)),
        libc::SYS_getpeername => answer!(getpeername::<P>(a, b, c)),
        libc::SYS_accept => answer!(accept::<P>(a, b, c)),
        libc::SYS_accept4 => answer!(accept4::<P>(a, b, c, d)),
        libc::SYS_shutdown => answer!(shutdown::<P>(a, b)),
        libc::SYS_read => answer!(read::<P>(a, b, c)),
        libc::SYS_readv => answer!(readv::<P>(a, b, c)),
        libc::SYS_recvfrom => answer!(recvfrom::<P>(a, b, c, d, e, f)),
        libc::SYS_recvmsg => answer!(recvmsg::<P>(a, b, c)),
        libc::SYS_write => answer!(write::<P>(a, b, c)),
        libc::SYS_writev => answer!(writev::<P>(a, b, c)),
        libc::SYS_sendto => answer!(sendto::<P>(a, b, c, d, e, f)),
        libc::SYS_sendmsg => answer!(sendmsg::<P>(a, b, c)),
        libc::SYS_ppoll => answer!(ppoll::<P>(a, b, c, d)),
        #[cfg(target_arch = "x86_64")]
        libc::SYS_time => answer!(time::<P>(a)),
        #[cfg(target_arch = "x86_64")]
        libc::SYS_poll => answer!(poll::<P>(a, b, c)),
        #[cfg(target_arch = "x86_64")]
        libc::SYS_epoll_wait => answer!(epoll_wait::<P>(a, b, c, d)),
        #[cfg(target_arch = "x86_64")]
        libc::SYS_fork => answer!(fork::<P>()),
        _ => None,
    }
}
