//! The board: what there is to see, ready to be sent.

use axum::extract::ws::Utf8Bytes;
use serde::Serialize;

use crate::store::Contents;

/// All berths, and the bookings that stand and are not long over, as JSON. It is written once and
/// sent often.
#[derive(Clone, Debug)]
pub struct Board {
    /// The number of the last change that it includes.
    pub revision: i64,
    pub berths: Utf8Bytes,
    pub bookings: Utf8Bytes,
}

impl From<Contents> for Board {
    fn from(contents: Contents) -> Self {
        let Contents { revision, berths, bookings } = contents;
        Self { revision, berths: json(&berths), bookings: json(&bookings) }
    }
}

impl Board {
    /// The first message of the feed.
    pub fn snapshot(&self) -> String {
        let Self { revision, berths, bookings } = self;
        format!(
            r#"{{"kind":"snapshot","revision":{revision},"berths":{berths},"bookings":{bookings}}}"#
        )
    }
}

/// The JSON of a value of ours.
pub fn json(value: &impl Serialize) -> Utf8Bytes {
    serde_json::to_string(value).expect("our types have no maps with odd keys").into()
}
