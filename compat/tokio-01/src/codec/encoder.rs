//! Turning frames into bytes.

use std::io;

use bytes::BytesMut;

/// Turns frames into bytes.
pub trait Encoder {
    /// What a frame is made from.
    type Item;

    /// What can be wrong with an item, or with where its bytes go.
    type Error: From<io::Error>;

    /// Appends the bytes of a frame to `dst`, in which there may be others.
    ///
    /// # Errors
    ///
    /// When the item cannot be a frame.
    fn encode(&mut self, item: Self::Item, dst: &mut BytesMut) -> Result<(), Self::Error>;
}
