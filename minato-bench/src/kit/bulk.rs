//! Room for datagrams in bulk: as many messages a call, each with as many segments, as quinn-udp
//! and Linux take at most.

use bytes::BytesMut;

use super::page_aligned;

/// Messages received by one call.
pub const MESSAGES: usize = 32;

/// Bytes of one message, with all its segments.
pub const MESSAGE: usize = 64 * 1024;

/// Zeroed room for [`MESSAGES`] of [`MESSAGE`] bytes, from a page boundary on.
pub fn bulk_buffer() -> BytesMut {
    let mut buffer = page_aligned(MESSAGES * MESSAGE);
    buffer.resize(MESSAGES * MESSAGE, 0);
    buffer
}

/// The datagrams in a message of `len` bytes with segments of `stride` bytes.
pub fn datagrams(len: usize, stride: usize) -> u64 {
    len.div_ceil(stride.max(1)).max(1) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_counted() {
        assert_eq!(datagrams(64, 64), 1);
        assert_eq!(datagrams(640, 64), 10);
        assert_eq!(datagrams(641, 64), 11);
        assert_eq!(datagrams(0, 0), 1);
    }

    #[test]
    fn there_is_room_from_a_page_on() {
        let buffer = bulk_buffer();
        assert_eq!(buffer.len(), MESSAGES * MESSAGE);
        assert_eq!(buffer.as_ptr().addr() % 4096, 0);
    }
}
