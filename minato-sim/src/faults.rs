//! Faults: errors that a host's kernel reports because a test asked for them.

use std::collections::{BTreeMap, VecDeque};

/// A call that [`Host::fail`](crate::Host::fail) can make fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Verb {
    /// [`Socket::accept`](crate::Socket::accept) while a connection waits. The connection goes on
    /// waiting.
    Accept,
    /// [`Socket::rearm`](crate::Socket::rearm). A failed call reports nothing.
    Rearm,
}

impl Verb {
    /// Its name in records.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Verb::Accept => "accept fails",
            Verb::Rearm => "rearm fails",
        }
    }
}

/// The faults of a host that have not been used yet.
#[derive(Debug, Default)]
pub(crate) struct Faults(BTreeMap<(Verb, u16), VecDeque<i32>>);

impl Faults {
    pub(crate) fn add(&mut self, verb: Verb, port: u16, errors: impl Iterator<Item = i32>) {
        self.0.entry((verb, port)).or_default().extend(errors);
    }

    /// Takes the error of this call, if it is to fail.
    pub(crate) fn take(&mut self, verb: Verb, port: u16) -> Option<i32> {
        let errors = self.0.get_mut(&(verb, port))?;
        let error = errors.pop_front();
        if errors.is_empty() {
            self.0.remove(&(verb, port));
        }
        error
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fault_strikes_once_and_in_order() {
        let mut faults = Faults::default();
        faults.add(Verb::Accept, 7, [1, 2].into_iter());
        faults.add(Verb::Accept, 7, [3].into_iter());
        faults.add(Verb::Rearm, 7, [].into_iter());
        assert_eq!(faults.take(Verb::Accept, 8), None);
        assert_eq!(faults.take(Verb::Rearm, 7), None);
        let taken = std::iter::from_fn(|| faults.take(Verb::Accept, 7));
        assert!(taken.eq([1, 2, 3]));
        assert!(faults.0.is_empty());
    }
}
