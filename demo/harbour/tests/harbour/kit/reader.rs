//! A reader of the feed.

use std::collections::BTreeMap;

use futures_util::StreamExt;
use harbour::domain::{Booking, Change, State};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::LONG;

/// A WebSocket, and what it has told so far.
pub struct Reader {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    pub revision: i64,
    pub bookings: BTreeMap<i64, Booking>,
}

/// The next thing that a feed tells.
#[derive(Debug)]
pub enum Told {
    Change(Change),
    Closed(CloseCode, String),
}

impl Reader {
    /// Connects, and reads the snapshot.
    pub async fn new(address: &str) -> Self {
        let socket = timeout(LONG, connect_async(format!("ws://{address}/feed"))).await;
        let (socket, _) = socket.expect("in time").expect("a connection");
        let mut reader = Self { socket, revision: 0, bookings: BTreeMap::new() };
        reader.snapshot().await;
        reader
    }

    async fn snapshot(&mut self) {
        let text = self.text().await.expect("a snapshot");
        let snapshot: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(snapshot["kind"], "snapshot");
        assert_eq!(snapshot["berths"].as_array().map(Vec::len), Some(12));
        self.revision = snapshot["revision"].as_i64().expect("a number");
        let bookings: Vec<Booking> =
            serde_json::from_value(snapshot["bookings"].clone()).expect("bookings");
        self.bookings = bookings.into_iter().map(|booking| (booking.id, booking)).collect();
    }

    /// The next text, or the end.
    async fn text(&mut self) -> Result<String, Told> {
        loop {
            let message = timeout(LONG, self.socket.next()).await.expect("a message in time");
            match message.expect("an end that is told").expect("a connection that holds") {
                Message::Text(text) => return Ok(text.to_string()),
                Message::Close(frame) => {
                    let frame = frame.expect("a reason");
                    return Err(Told::Closed(frame.code, frame.reason.to_string()));
                }
                _ => {}
            }
        }
    }

    /// What comes next. The changes are numbered without a gap.
    pub async fn next(&mut self) -> Told {
        let text = match self.text().await {
            Ok(text) => text,
            Err(end) => return end,
        };
        let change: Change = serde_json::from_str(&text).expect("a change");
        assert_eq!(change.revision, self.revision + 1, "changes come in order");
        self.revision = change.revision;
        match change.kind {
            State::Booked => _ = self.bookings.insert(change.booking.id, change.booking.clone()),
            State::Cancelled => _ = self.bookings.remove(&change.booking.id),
        }
        Told::Change(change)
    }

    pub async fn change(&mut self) -> Change {
        match self.next().await {
            Told::Change(change) => change,
            Told::Closed(code, reason) => panic!("the feed ended with {code}: {reason}"),
        }
    }

    /// Reads until the feed ends.
    pub async fn end(mut self) -> (u16, String) {
        loop {
            if let Told::Closed(code, reason) = self.next().await {
                // Answers the end.
                _ = self.socket.close(None).await;
                return (code.into(), reason);
            }
        }
    }
}
