//! Random numbers, which a world draws from its seed.

use std::ffi::{c_int, c_uint, c_void};
use std::{ptr, slice};

use crate::Place;

pub(crate) unsafe fn getrandom<P: Place>(
    buffer: *mut c_void,
    len: usize,
    _flags: c_uint,
) -> Option<isize> {
    let (host, world) = (P::host(), P::world()?);
    if len > 0 {
        // SAFETY: the caller has room of that length. Zeros make it readable.
        let bytes = unsafe {
            ptr::write_bytes(buffer.cast::<u8>(), 0, len);
            slice::from_raw_parts_mut(buffer.cast(), len)
        };
        // What one host asks for changes nothing for another.
        match host {
            Some(host) => host.fill_random(bytes),
            None => world.fill_random(bytes),
        }
    }
    Some(len as isize)
}

pub(crate) unsafe fn getentropy<P: Place>(buffer: *mut c_void, len: usize) -> Option<c_int> {
    // SAFETY: the caller has room of that length.
    unsafe { getrandom::<P>(buffer, len, 0) }.map(|_| 0)
}
