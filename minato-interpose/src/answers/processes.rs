//! Processes, which a world does not have, and the processors that a host has.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::io;
use std::ptr;

use libc::{cpu_set_t, pid_t};
use minato_sim::Host;

use super::status;
use crate::Place;

pub(crate) unsafe fn posix_spawn<P: Place>(
    _process: *mut pid_t,
    file: *const c_char,
    _actions: *const c_void,
    _attributes: *const c_void,
    _arguments: *const *mut c_char,
    _environment: *const *mut c_char,
) -> Option<c_int> {
    // SAFETY: the caller gives a text that ends.
    P::host().map(|host| refuse(&host, &unsafe { CStr::from_ptr(file) }.to_string_lossy()))
}

pub(crate) unsafe fn posix_spawnp<P: Place>(
    process: *mut pid_t,
    file: *const c_char,
    actions: *const c_void,
    attributes: *const c_void,
    arguments: *const *mut c_char,
    environment: *const *mut c_char,
) -> Option<c_int> {
    // SAFETY: the two ask for the same.
    unsafe { posix_spawn::<P>(process, file, actions, attributes, arguments, environment) }
}

pub(crate) unsafe fn fork<P: Place>() -> Option<pid_t> {
    let refused = |host| io::Error::from_raw_os_error(refuse(&host, "a child"));
    P::host().map(|host| status(Err(refused(host))))
}

/// Says why a process is not started; returns the number of the error.
fn refuse(host: &Host, what: &str) -> c_int {
    let host = host.name();
    eprintln!(
        "minato: {what} is not started on the simulated host {host}: a world has no processes"
    );
    libc::EOPNOTSUPP
}

/// A host has one processor, on whatever machine it is simulated.
pub(crate) unsafe fn sched_getaffinity<P: Place>(
    process: pid_t,
    size: usize,
    set: *mut cpu_set_t,
) -> Option<c_int> {
    if process != 0 || size == 0 {
        return None;
    }
    P::host()?;
    // SAFETY: the caller gives room of that size.
    unsafe {
        ptr::write_bytes(set.cast::<u8>(), 0, size);
        set.cast::<u8>().write(1);
    }
    Some(0)
}
