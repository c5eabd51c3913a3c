//! The buffer of the peers whose runtime owns it during a read.

use bytes::BytesMut;

const PAGE: usize = 4096;

/// An empty buffer on the heap that begins on a page boundary and takes `capacity` bytes.
pub fn page_aligned(capacity: usize) -> BytesMut {
    let mut room = BytesMut::zeroed(capacity + PAGE);
    let excess = room.as_ptr().addr() % PAGE;
    let mut buffer = room.split_off((PAGE - excess) % PAGE);
    drop(buffer.split_off(capacity));
    buffer.clear();
    buffer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn begins_on_a_page_and_stays_there() {
        for capacity in [64, 1000, 16 * 1024] {
            let mut buffer = page_aligned(capacity);
            for _ in 0..2 {
                assert!(buffer.is_empty() && buffer.capacity() == capacity);
                assert_eq!(buffer.as_ptr().addr() % PAGE, 0);
                buffer.extend_from_slice(&vec![1; capacity]);
                buffer.clear();
            }
        }
    }
}
