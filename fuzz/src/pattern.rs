//! Bytes that follow from their position.

/// What stands at a position of the stream with this number.
pub(crate) fn byte(stream: u64, position: u64) -> u8 {
    let mixed = (position ^ stream << 56).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 56) as u8
}

/// `count` bytes from `position` on.
pub(crate) fn bytes(stream: u64, position: u64, count: usize) -> Vec<u8> {
    (position..).take(count).map(|at| byte(stream, at)).collect()
}
