//! The requests of one client: mixed sizes and unguessable bytes, all drawn from a seed.

/// The smallest request.
const SMALLEST: usize = 64;

/// How many bytes at the start of a request hold its number.
pub(super) const NUMBER_BYTES: usize = 8;

/// Draws one request after the other.
#[derive(Debug)]
pub(super) struct Payload {
    state: u64,
    number: u64,
    largest: usize,
    bytes: Vec<u8>,
}

impl Payload {
    /// The requests of client `client` under `seed`, none of them above `largest` bytes.
    pub(super) fn new(seed: u64, client: usize, largest: usize) -> Self {
        let mut payload = Self { state: seed, number: 0, largest, bytes: Vec::new() };
        // A client's sequence starts at a drawn place, so that no two run alongside each other.
        payload.state = payload.draw() ^ (client as u64 + 1).wrapping_mul(0xd6e8_feb8_6659_fd93);
        payload
    }

    /// The next request: its number, then drawn bytes. Small sizes come as often as large ones of
    /// twice the size.
    pub(super) fn next_request(&mut self) -> &[u8] {
        let doublings = (self.largest / SMALLEST).ilog2() + 1;
        let base = SMALLEST << (self.draw() % u64::from(doublings));
        let mut size = (base + self.draw() as usize % base).min(self.largest);
        // Whole pages would be copied faster than what real programs send.
        if size.is_multiple_of(4096) {
            size -= 1;
        }
        self.bytes.clear();
        self.bytes.extend(self.number.to_le_bytes());
        while self.bytes.len() < size {
            let drawn = self.draw().to_le_bytes();
            let missing = size - self.bytes.len();
            self.bytes.extend(&drawn[..missing.min(drawn.len())]);
        }
        self.number += 1;
        &self.bytes
    }

    /// SplitMix64: short, fast, and good enough that no two requests look alike.
    fn draw(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// What differs between a request and its answer; `None` if nothing does.
pub(super) fn difference(request: &[u8], answer: &[u8]) -> Option<String> {
    if request == answer {
        return None;
    }
    let (sent, received) = (request.len(), answer.len());
    if sent != received {
        return Some(format!("{received} bytes came back for {sent}"));
    }
    let place = request.iter().zip(answer).position(|(sent, received)| sent != received)?;
    Some(format!(
        "byte {place} of {sent} came back as {:#04x}, sent was {:#04x}",
        answer[place], request[place]
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_requests_and_another_one_others() {
        let first = |seed, client| Payload::new(seed, client, 16_000).next_request().to_vec();
        assert_eq!(first(1, 0), first(1, 0));
        assert_ne!(first(1, 0), first(1, 1));
        assert_ne!(first(1, 0), first(2, 0));
    }

    #[test]
    fn sizes_are_mixed_and_within_their_limits() {
        for largest in [1_400, 16_383] {
            let mut payload = Payload::new(3, 0, largest);
            let sizes: Vec<usize> = (0..2_000).map(|_| payload.next_request().len()).collect();
            assert!(sizes.iter().all(|size| (SMALLEST..=largest).contains(size)));
            assert!(sizes.iter().all(|size| !size.is_multiple_of(4096)));
            assert!(sizes.iter().any(|size| *size < 100));
            assert!(sizes.iter().any(|size| *size > largest / 2));
        }
    }

    #[test]
    fn a_difference_names_its_place() {
        assert_eq!(difference(b"abc", b"abc"), None);
        assert_eq!(difference(b"abc", b"ab").unwrap(), "2 bytes came back for 3");
        let text = difference(b"abc", b"abd").unwrap();
        assert_eq!(text, "byte 2 of 3 came back as 0x64, sent was 0x63");
    }
}
