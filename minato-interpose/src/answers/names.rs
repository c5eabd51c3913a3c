//! Names of hosts, which a world knows.

use std::ffi::{CStr, c_char, c_int};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ptr;

use libc::addrinfo;
use minato_sim::Host;
use socket2::SockAddr;

use super::{status, time};
use crate::Place;

/// An entry of a list of addresses, with its address.
#[repr(C)]
struct Entry(addrinfo, SockAddr);

/// The flag of our entries; the system's flags are small numbers.
const OURS: c_int = 0x4d69_6e61;

pub(crate) unsafe fn getaddrinfo<P: Place>(
    node: *const c_char,
    service: *const c_char,
    hints: *const addrinfo,
    result: *mut *mut addrinfo,
) -> Option<c_int> {
    // SAFETY: the caller gives texts that end or null, hints or null, and room for the result.
    P::host().map(|host| unsafe { look_up(&host, node, service, hints, result) })
}

/// Frees a list if it is ours, wherever it was made.
#[expect(clippy::extra_unused_type_parameters, reason = "all answers are called alike")]
pub(crate) unsafe fn freeaddrinfo<P: Place>(mut list: *mut addrinfo) -> Option<()> {
    // SAFETY: every list has a first entry, and ours are of boxes that `look_up` has made; the
    // caller frees each once.
    unsafe {
        list.as_ref().filter(|first| first.ai_flags == OURS)?;
        while !list.is_null() {
            list = Box::from_raw(list.cast::<Entry>()).0.ai_next;
        }
    }
    Some(())
}

/// The name of the host.
pub(crate) unsafe fn gethostname<P: Place>(name: *mut c_char, len: usize) -> Option<c_int> {
    let own = P::host()?.name();
    if own.len() >= len {
        return Some(status(Err(std::io::Error::from_raw_os_error(libc::ENAMETOOLONG))));
    }
    // SAFETY: there is room for the name and the zero at its end.
    unsafe {
        ptr::copy_nonoverlapping(own.as_ptr(), name.cast(), own.len());
        name.add(own.len()).write(0);
    }
    Some(0)
}

/// Looks a name up as the host does.
unsafe fn look_up(
    host: &Host,
    node: *const c_char,
    service: *const c_char,
    hints: *const addrinfo,
    result: *mut *mut addrinfo,
) -> c_int {
    // SAFETY: all are null or what they say.
    let (node, service, hints) = unsafe {
        let text =
            |text: *const c_char| (!text.is_null()).then(|| CStr::from_ptr(text).to_string_lossy());
        (text(node), text(service), hints.as_ref())
    };
    let hint = |get: fn(&addrinfo) -> c_int| hints.map_or(0, get);
    let found = match node {
        Some(name) => {
            _ = time::sleep(host, host.lookup_delay(&name));
            host.lookup(&name)
        }
        None if hint(|hints| hints.ai_flags) & libc::AI_PASSIVE != 0 => {
            Ok(vec![Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()])
        }
        None => Ok(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]),
    };
    let Ok(mut found) = found else { return libc::EAI_NONAME };
    let Ok(port) = service.as_deref().unwrap_or("0").parse() else { return libc::EAI_SERVICE };
    let family = |ip: &IpAddr| if ip.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 };
    let wanted = hint(|hints| hints.ai_family);
    found.retain(|ip| wanted == libc::AF_UNSPEC || wanted == family(ip));
    let mut list: *mut addrinfo = ptr::null_mut();
    for ip in found.into_iter().rev() {
        let address = SockAddr::from(SocketAddr::new(ip, port));
        // SAFETY: zeros are an entry without an address.
        let mut entry = Box::new(Entry(unsafe { std::mem::zeroed() }, address));
        entry.0.ai_flags = OURS;
        entry.0.ai_family = family(&ip);
        entry.0.ai_socktype = hint(|hints| hints.ai_socktype);
        entry.0.ai_protocol = hint(|hints| hints.ai_protocol);
        entry.0.ai_addrlen = entry.1.len();
        entry.0.ai_addr = entry.1.as_ptr().cast_mut().cast();
        entry.0.ai_next = list;
        list = Box::into_raw(entry).cast();
    }
    if list.is_null() {
        return libc::EAI_NONAME;
    }
    // SAFETY: there is room for the result.
    unsafe { result.write(list) };
    0
}
