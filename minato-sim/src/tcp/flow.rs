//! One direction of a stream: its bytes, its windows and its end.
//!
//! All bytes of a direction are in one ring, from the next to receive to the last that was queued:
//!
//! ```text
//! | readable          | in flight        | unsent          |
//! ^ next to receive   ^ next to arrive   ^ next to send    ^ next to queue
//! ```
//!
//! Sending and arriving only move the borders. So a byte is copied twice: in and out.

use std::collections::VecDeque;

use crate::hash::hash;

/// How far the end of the direction has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fin {
    /// The sender may still add bytes.
    Open,
    /// It follows the queued bytes.
    Queued,
    /// It is on its way.
    Sent,
    /// The receiver has it.
    Arrived,
}

#[derive(Debug)]
pub(crate) struct Flow {
    ring: VecDeque<u8>,
    readable: usize,
    in_flight: usize,
    /// Bytes that have arrived, whose acknowledgement has not.
    unacknowledged: usize,
    /// How many bytes have left, and so the place of the next one in the stream.
    pub(crate) position: u64,
    /// The hash of all bytes that were queued, as the record has it.
    pub(crate) digest: u64,
    /// When acknowledgements reach the sender, and for how many bytes each of them is.
    acknowledgements: VecDeque<(u64, usize)>,
    pub(crate) send_buffer: usize,
    pub(crate) receive_buffer: usize,
    pub(crate) fin: Fin,
    /// When the last packet that was sent arrives: the next one arrives later.
    pub(crate) last_arrival: u64,
    /// A window update is on its way to the sender.
    pub(crate) update_pending: bool,
    /// The sender waits for its retransmission timer.
    pub(crate) stalled: bool,
    /// Since when nothing has got through, and how often it was tried.
    pub(crate) losing_since: Option<u64>,
    pub(crate) attempts: u32,
    /// Bytes that arrived but whose acknowledgement was lost.
    pub(crate) unreported: usize,
}

impl Flow {
    pub(crate) fn new(send_buffer: usize, receive_buffer: usize) -> Self {
        Flow {
            ring: VecDeque::new(),
            readable: 0,
            in_flight: 0,
            unacknowledged: 0,
            position: 0,
            digest: 0,
            acknowledgements: VecDeque::new(),
            send_buffer,
            receive_buffer,
            fin: Fin::Open,
            last_arrival: 0,
            update_pending: false,
            stalled: false,
            losing_since: None,
            attempts: 0,
            unreported: 0,
        }
    }

    pub(crate) fn readable(&self) -> usize {
        self.readable
    }

    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight
    }

    pub(crate) fn unsent(&self) -> usize {
        self.ring.len() - self.readable - self.in_flight
    }

    /// Bytes that the sender keeps: not sent, or not known to have arrived.
    pub(crate) fn queued(&self) -> usize {
        self.unsent() + self.in_flight + self.unacknowledged
    }

    /// Room in the send buffer.
    pub(crate) fn space(&self) -> usize {
        self.send_buffer.saturating_sub(self.queued())
    }

    /// Whether a send is reported as possible: when a third of the buffer is free, as on Linux.
    pub(crate) fn is_writable(&self) -> bool {
        let queued = self.queued();
        queued < self.send_buffer && self.send_buffer - queued >= queued / 2
    }

    /// How many bytes more the receiver takes.
    pub(crate) fn window(&self) -> usize {
        self.receive_buffer.saturating_sub(self.readable + self.in_flight)
    }

    /// Whether the window is worth an update to a sender that waits for it.
    pub(crate) fn is_window_open(&self) -> bool {
        self.window() >= (self.receive_buffer / 2).min(self.unsent()).max(1)
    }

    pub(crate) fn queue(&mut self, bytes: &[u8]) {
        self.digest = hash(self.digest, bytes);
        self.ring.extend(bytes);
    }

    /// When a packet arrives that would arrive at `at`, but not before earlier ones.
    pub(crate) fn in_order(&mut self, at: u64) -> u64 {
        self.last_arrival = at.max(self.last_arrival.saturating_add(1));
        self.last_arrival
    }

    /// The next `len` unsent bytes.
    pub(crate) fn copy_unsent(&self, len: usize) -> Vec<u8> {
        let from = self.readable + self.in_flight;
        let (front, back) = self.ring.as_slices();
        let (skipped, first) = front.split_at(from.min(front.len()));
        let second = &back[from - skipped.len()..];
        let count = len.min(first.len());
        [&first[..count], &second[..second.len().min(len - count)]].concat()
    }

    /// The next `bytes` unsent ones leave.
    pub(crate) fn sent(&mut self, bytes: usize) {
        self.in_flight += bytes;
        self.position += bytes as u64;
    }

    /// The next `bytes` in flight arrive and may be received.
    pub(crate) fn arrived(&mut self, bytes: usize) {
        self.in_flight -= bytes;
        self.readable += bytes;
        self.unacknowledged += bytes;
    }

    /// Like [`arrived`](Flow::arrived), but the receiver is gone.
    pub(crate) fn discarded(&mut self, bytes: usize) {
        let bytes = bytes.min(self.in_flight);
        self.in_flight -= bytes;
        self.ring.drain(self.readable..self.readable + bytes);
    }

    /// The sender is gone: what it has not sent is lost. What is in flight still arrives.
    pub(crate) fn cut_off(&mut self) {
        self.ring.truncate(self.readable + self.in_flight);
        self.unacknowledged = 0;
        self.acknowledgements.clear();
        self.stalled = false;
    }

    /// The receiver is gone: nobody will take what it has.
    pub(crate) fn forget_received(&mut self) {
        self.ring.drain(..self.readable);
        self.readable = 0;
    }

    /// An acknowledgement for `bytes` will reach the sender at `at`.
    pub(crate) fn acknowledge(&mut self, at: u64, bytes: usize) {
        match self.acknowledgements.back_mut() {
            Some((last, sum)) if *last >= at => *sum += bytes,
            _ => self.acknowledgements.push_back((at, bytes)),
        }
    }

    /// Takes in the acknowledgements that have reached the sender by `now`.
    pub(crate) fn take_acknowledgements(&mut self, now: u64) {
        while let Some((at, bytes)) = self.acknowledgements.front().copied() {
            if at > now {
                break;
            }
            self.acknowledgements.pop_front();
            self.unacknowledged -= bytes;
        }
    }

    /// When the next acknowledgement reaches the sender.
    pub(crate) fn next_acknowledgement(&self) -> Option<u64> {
        self.acknowledgements.front().map(|(at, _)| *at)
    }

    /// Gives the first `limit` readable bytes to `sink`, in at most two pieces, and returns how
    /// many there were.
    pub(crate) fn read(&self, limit: usize, mut sink: impl FnMut(&[u8])) -> usize {
        let count = limit.min(self.readable);
        let (front, back) = self.ring.as_slices();
        let first = count.min(front.len());
        sink(&front[..first]);
        if count > first {
            sink(&back[..count - first]);
        }
        count
    }

    /// Removes bytes that were received.
    pub(crate) fn consume(&mut self, bytes: usize) {
        self.readable -= bytes;
        if bytes == self.ring.len() {
            self.ring.clear();
        } else {
            self.ring.drain(..bytes);
        }
    }
}
