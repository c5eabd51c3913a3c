//! The peers, each in its best honest configuration and in its default.

/// One way to run one runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// What it is called in tables and on the command line.
    pub name: &'static str,
    /// The binary is `peer-FAMILY`.
    pub family: &'static str,
    /// Its first argument.
    pub variant: &'static str,
    /// Further arguments, such as `--spin`.
    pub arguments: &'static [&'static str],
    /// What part it has in the comparison.
    pub part: Part,
    /// It waits in io_uring. Under valgrind, which takes that for a call that does not block, no
    /// signal and no other thread then gets through to end a server.
    pub rings: bool,
    /// It echoes without a buffer for each connection: from a pool, or from one of the thread.
    pub lent: bool,
}

/// What part a peer has in the comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Ourselves.
    Ours,
    /// Ourselves a second time, in the same rounds: if that differs, so may the others.
    Again,
    /// A bare loop: the better of them is the limit.
    Limit,
    /// Somebody else.
    Other,
}

const fn peer(name: &'static str, family: &'static str, variant: &'static str, part: Part) -> Peer {
    Peer { name, family, variant, arguments: &[], part, rings: false, lent: false }
}

const fn ring(name: &'static str, family: &'static str, variant: &'static str, part: Part) -> Peer {
    Peer { rings: true, ..peer(name, family, variant, part) }
}

/// The same peer with buffers that are lent.
const fn lent(name: &'static str, peer: Peer) -> Peer {
    Peer { name, lent: true, ..peer }
}

/// All peers, in the order of the tables.
pub const PEERS: &[Peer] = &[
    peer("raw-epoll", "raw", "epoll", Part::Limit),
    lent("raw-epoll-lent", peer("", "raw", "epoll", Part::Limit)),
    ring("raw-uring", "raw", "uring", Part::Limit),
    peer("raw-splice", "raw", "splice", Part::Limit),
    peer("minato", "minato", "current", Part::Ours),
    peer("minato-again", "minato", "current", Part::Again),
    lent("minato-lent", peer("", "minato", "current", Part::Ours)),
    Peer { arguments: &["--spin"], ..peer("minato-spin", "minato", "current", Part::Ours) },
    peer("minato-multi", "minato", "multi", Part::Ours),
    peer("minato-multi-again", "minato", "multi", Part::Again),
    peer("tokio", "tokio", "current", Part::Other),
    lent("tokio-lent", peer("", "tokio", "current", Part::Other)),
    peer("tokio-multi", "tokio", "multi", Part::Other),
    peer("smol", "smol", "current", Part::Other),
    peer("smol-multi", "smol", "multi", Part::Other),
    ring("monoio", "monoio", "default", Part::Other),
    ring("monoio-defer", "monoio", "defer", Part::Other),
    ring("compio", "compio", "default", Part::Other),
    ring("compio-defer", "compio", "defer", Part::Other),
    lent("compio-lent", ring("", "compio", "defer", Part::Other)),
];

/// The peer of this name.
pub fn find(name: &str) -> Option<&'static Peer> {
    PEERS.iter().find(|peer| peer.name == name)
}

impl Peer {
    /// How the load begins what it says when this peer has failed it.
    pub(crate) fn blamed(&self) -> String {
        format!("error: {}: ", self.name)
    }

    /// Whether a user's choice `word` means this peer: its name, or the family's.
    pub fn is_meant_by(&self, word: &str) -> bool {
        self.name == word || self.family == word
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_everyone_of_us_runs_again() {
        for peer in PEERS {
            assert_eq!(find(peer.name), Some(peer));
        }
        for peer in PEERS.iter().filter(|peer| peer.part == Part::Again) {
            let ours = find(peer.name.strip_suffix("-again").unwrap()).unwrap();
            assert_eq!((ours.family, ours.variant), (peer.family, peer.variant));
        }
    }
}
