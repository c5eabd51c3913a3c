//! Waits for descriptors. One that would really wait stops all hosts, for what may never come.

use std::ffi::c_int;
use std::slice;

use libc::{epoll_event, nfds_t, pollfd, sigset_t, timespec};
use minato_sim::Host;

use super::{escape, sockets};
use crate::Place;
use crate::symbols::calls;

pub(crate) unsafe fn poll<P: Place>(
    list: *mut pollfd,
    count: nfds_t,
    timeout: c_int,
) -> Option<c_int> {
    let host = P::host()?;
    // SAFETY: the caller gives a list of that length.
    unsafe { wait::<P>(&host, "poll", list, count, timeout != 0) }
}

pub(crate) unsafe fn ppoll<P: Place>(
    list: *mut pollfd,
    count: nfds_t,
    timeout: *const timespec,
    _signals: *const sigset_t,
) -> Option<c_int> {
    let host = P::host()?;
    // SAFETY: the caller gives a time or null, and a list of that length.
    unsafe {
        let at_once = timeout.as_ref().is_some_and(|time| time.tv_sec == 0 && time.tv_nsec == 0);
        wait::<P>(&host, "ppoll", list, count, !at_once)
    }
}

pub(crate) unsafe fn epoll_wait<P: Place>(
    queue: c_int,
    events: *mut epoll_event,
    count: c_int,
    timeout: c_int,
) -> Option<c_int> {
    let host = P::host().filter(|_| timeout != 0)?;
    // SAFETY: the same, without a wait, for which this leaves it to the system.
    let ready = unsafe { calls::epoll_wait::<P>(queue, events, count, 0) };
    Some(if ready == 0 { would_wait(&host, "epoll_wait") } else { ready })
}

/// Looks at a list of descriptors.
unsafe fn wait<P: Place>(
    host: &Host,
    call: &str,
    list: *mut pollfd,
    count: nfds_t,
    waits: bool,
) -> Option<c_int> {
    if !list.is_null() {
        // SAFETY: the caller gives a list of that length.
        let list = unsafe { slice::from_raw_parts(list, count as usize) };
        if list.iter().any(|entry| sockets::is_of_internet(entry.fd)) {
            return Some(sockets::used(host, call));
        }
    }
    if !waits {
        return None;
    }
    // SAFETY: the same without a wait, for which this leaves it to the system.
    let ready = unsafe { calls::poll::<P>(list, count, 0) };
    Some(if ready == 0 { would_wait(host, call) } else { ready })
}

fn would_wait(host: &Host, call: &str) -> c_int {
    escape(
        host,
        &format!(
            "would block its thread in {call}, and with it all hosts, for what no world decides"
        ),
    )
}
