//! Addresses of the internet, as the system has them.

use std::io;
use std::net::SocketAddr;
use std::ptr;

use libc::{sockaddr, sockaddr_storage, socklen_t};
use socket2::SockAddr;

/// Reads an address; `None` if it is not of the internet.
///
/// # Safety
///
/// It has that length, or is null.
pub(crate) unsafe fn read(address: *const sockaddr, len: socklen_t) -> Option<SocketAddr> {
    if address.is_null() || len as usize > size_of::<sockaddr_storage>() {
        return None;
    }
    // SAFETY: the address has that length, which fits.
    let read = unsafe {
        SockAddr::try_init(|storage, storage_len| {
            ptr::copy_nonoverlapping(address.cast::<u8>(), storage.cast(), len as usize);
            *storage_len = len;
            Ok(())
        })
    };
    read.ok()?.1.as_socket()
}

/// Writes an address, as much as there is room for.
///
/// # Safety
///
/// There is room for as many bytes as `len` says.
pub(crate) unsafe fn write(
    from: SocketAddr,
    to: *mut sockaddr,
    len: *mut socklen_t,
) -> io::Result<()> {
    let from = SockAddr::from(from);
    // SAFETY: there is room for as many bytes as `len` says, and no more are written.
    unsafe {
        let count = from.len().min(*len) as usize;
        ptr::copy_nonoverlapping(from.as_ptr().cast::<u8>(), to.cast(), count);
        *len = from.len();
    }
    Ok(())
}
