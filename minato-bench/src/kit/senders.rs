//! Plain threads that send to one task, for the workload `wake-many-to-one`. The queue is that of
//! the futures crate, the same for all.

use std::io;
use std::sync::{Arc, Barrier};
use std::thread;

use futures_channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use futures_util::StreamExt;

/// Threads that wait to be let go.
#[derive(Debug)]
pub struct Senders {
    start: Arc<Barrier>,
    queue: UnboundedReceiver<u64>,
}

impl Senders {
    /// Starts `threads` threads, which will send `count` messages altogether.
    ///
    /// # Errors
    ///
    /// That of starting a thread.
    pub fn new(threads: usize, count: u64) -> io::Result<Senders> {
        let start = Arc::new(Barrier::new(threads + 1));
        let (sender, queue) = unbounded();
        for share in shares(threads, count) {
            let (start, sender) = (start.clone(), sender.clone());
            thread::Builder::new().spawn(move || {
                start.wait();
                send(&sender, share);
            })?;
        }
        Ok(Senders { start, queue })
    }

    /// Lets them go. Gives the future that receives all messages and tells how many came.
    pub fn release(self) -> impl Future<Output = u64> + Send + 'static {
        self.start.wait();
        let mut queue = self.queue;
        async move {
            let mut received = 0;
            while queue.next().await.is_some() {
                received += 1;
            }
            received
        }
    }
}

fn send(sender: &UnboundedSender<u64>, count: u64) {
    for number in 0..count {
        if sender.unbounded_send(number).is_err() {
            // The receiver has gone, and the process is about to.
            return;
        }
    }
}

/// `count` in `parts` parts. The first ones get what is left over.
fn shares(parts: usize, count: u64) -> impl Iterator<Item = u64> {
    let parts = parts as u64;
    (0..parts).map(move |part| count / parts + u64::from(part < count % parts))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_lost_in_sharing() {
        assert_eq!(shares(4, 10).collect::<Vec<_>>(), [3, 3, 2, 2]);
        assert_eq!(shares(4, 2).sum::<u64>(), 2);
    }

    #[test]
    fn all_messages_arrive() {
        let senders = Senders::new(3, 1000).unwrap();
        assert_eq!(smol::block_on(senders.release()), 1000);
    }
}
