//! Datagrams: what comes back is whole and was sent, and comes twice only if the link doubled it.

use std::collections::HashMap;
use std::time::Duration;

use fastrand::Rng;
use minato::net::UdpSocket;
use minato::time;

use super::{Driver, up_to};
use crate::pattern::Pattern;
use crate::serve;

/// What every datagram begins with: the key of its contents.
const HEAD: usize = 8;
/// Longer than a packet, so that some travel in fragments.
const LONGEST: usize = 5000;
const BURST: usize = 24;
const LONGEST_WAIT: Duration = Duration::from_millis(400);

/// A datagram that was sent.
struct Sent {
    length: usize,
    times_received: u64,
}

/// Exchanges datagrams until the driver's runtime is to end, by one socket after the other.
pub(super) async fn exchange_again_and_again(driver: Driver, mut numbers: Rng) {
    while !driver.is_over() {
        if let Err(error) = exchange(&driver, &mut numbers).await {
            // Nobody listens while the server restarts, and ICMP tells so.
            if error.kind() != std::io::ErrorKind::ConnectionRefused {
                driver.tally.wrong(format!("datagrams: {error}"));
            }
            driver.tally.add("datagrams refused", 1);
        }
    }
}

/// Some bursts by one socket.
async fn exchange(driver: &Driver, numbers: &mut Rng) -> std::io::Result<()> {
    let socket = UdpSocket::bind("0.0.0.0:0").await?;
    let port = serve::DATAGRAMS[numbers.usize(..2)];
    socket.connect(serve::at(port)).await?;
    let mut sent = HashMap::new();
    for _ in 0..numbers.usize(1..20) {
        for _ in 0..numbers.usize(1..BURST) {
            let key = numbers.u64(..);
            let length = datagram_length(numbers);
            let mut bytes = vec![0; length];
            bytes[..HEAD].copy_from_slice(&key.to_le_bytes());
            Pattern(key).fill(0, &mut bytes[HEAD..]);
            socket.send(&bytes).await?;
            driver.tally.add("datagrams sent", 1);
            sent.insert(key, Sent { length, times_received: 0 });
        }
        let wait = up_to(LONGEST_WAIT, numbers);
        // Each wait is cut off in the middle of a receive.
        if let Ok(Err(error)) = time::timeout(wait, receive(&socket, &mut sent, driver)).await {
            return Err(error);
        }
    }
    Ok(())
}

/// Mostly small ones, some of more than a packet.
fn datagram_length(numbers: &mut Rng) -> usize {
    let longest = if numbers.usize(..10) == 0 { LONGEST } else { 1300 };
    numbers.usize(HEAD..=longest)
}

/// Receives for ever.
async fn receive(
    socket: &UdpSocket,
    sent: &mut HashMap<u64, Sent>,
    driver: &Driver,
) -> std::io::Result<()> {
    let mut buffer = [0; LONGEST + 1];
    loop {
        let length = socket.recv(&mut buffer).await?;
        driver.tally.add("datagrams received", 1);
        let Some((head, contents)) = buffer[..length].split_first_chunk::<HEAD>() else {
            driver.tally.wrong(format!("a datagram of {length} bytes, which nobody sent"));
            continue;
        };
        let key = u64::from_le_bytes(*head);
        match sent.get_mut(&key) {
            Some(one) if one.length == length => {
                driver.tally.add("bytes checked", length as u64);
                if let Some(at) = Pattern(key).first_wrong(0, contents) {
                    driver.tally.wrong(format!("byte {at} of a datagram of {length} is wrong"));
                }
                driver.tally.add("datagrams that came again", one.times_received.min(1));
                one.times_received += 1;
            }
            Some(one) => {
                let text = format!("{length} bytes came of a datagram of {}", one.length);
                driver.tally.wrong(text);
            }
            // A port that was in use a moment ago may be given out again.
            None if Pattern(key).first_wrong(0, contents).is_none() => {
                driver.tally.add("datagrams for an earlier socket", 1);
            }
            None => driver.tally.wrong("a datagram that nobody has sent"),
        }
    }
}
