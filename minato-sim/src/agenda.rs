//! What a simulation has to do next: the hosts with a ready task, and when the others' timers are
//! due. A step asks nothing else, so its work does not grow with the number of hosts.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

/// See the head of this file. Hosts go by their numbers, and times are since the world began.
#[derive(Debug, Default)]
pub struct Agenda {
    /// The hosts with a ready task, each once.
    ready: Vec<u64>,
    /// Hosts by the deadline of their next timer. Of the entries of a host only the one with its
    /// [deadline](Entry::deadline) means anything; the others are left over.
    deadlines: BinaryHeap<Reverse<(Duration, u64)>>,
    entries: Vec<Entry>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    is_ready: bool,
    deadline: Option<Duration>,
}

impl Agenda {
    /// Notes whether a host has a ready task, and when its next timer is due.
    pub fn note(&mut self, number: u64, is_ready: bool, deadline: Option<Duration>) {
        let index = number as usize;
        if self.entries.len() <= index {
            self.entries.resize(index + 1, Entry::default());
        }
        let entry = &mut self.entries[index];
        if is_ready && !entry.is_ready {
            entry.is_ready = true;
            self.ready.push(number);
        }
        if deadline != entry.deadline {
            entry.deadline = deadline;
            self.deadlines.extend(deadline.map(|at| Reverse((at, number))));
            self.drop_leftovers();
        }
    }

    /// How many hosts have a ready task.
    pub fn ready_hosts(&self) -> usize {
        self.ready.len()
    }

    /// Takes out the host at `index` of those with a ready task.
    pub fn take_ready(&mut self, index: usize) -> u64 {
        let number = self.ready.swap_remove(index);
        self.entries[number as usize].is_ready = false;
        number
    }

    /// When the next timer of any host is due.
    pub fn next_deadline(&mut self) -> Option<Duration> {
        while let Some(Reverse((at, number))) = self.deadlines.peek() {
            if self.entries[*number as usize].deadline == Some(*at) {
                return Some(*at);
            }
            self.deadlines.pop();
        }
        None
    }

    /// Takes out a host with a timer that is due at `now`.
    pub fn take_due(&mut self, now: Duration) -> Option<u64> {
        self.next_deadline().filter(|at| *at <= now)?;
        let Reverse((_, number)) = self.deadlines.pop()?;
        self.entries[number as usize].deadline = None;
        Some(number)
    }

    /// Keeps the heap in proportion to the number of hosts.
    fn drop_leftovers(&mut self) {
        if self.deadlines.len() > 64 + 4 * self.entries.len() {
            let entries = &self.entries;
            self.deadlines
                .retain(|Reverse((at, number))| entries[*number as usize].deadline == Some(*at));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Option<Duration> {
        Some(Duration::from_millis(millis))
    }

    #[test]
    fn hosts_come_by_their_deadlines_and_a_changed_one_counts_once() {
        let mut agenda = Agenda::default();
        for (number, millis) in [(0, 30), (1, 10), (2, 20), (1, 40), (0, 5), (0, 30)] {
            agenda.note(number, false, at(millis));
        }
        assert_eq!(agenda.next_deadline(), Some(Duration::from_millis(20)));
        assert_eq!(agenda.take_due(Duration::from_millis(19)), None);
        let due = std::iter::from_fn(|| agenda.take_due(Duration::from_millis(40)));
        assert_eq!(due.collect::<Vec<_>>(), [2, 0, 1]);
        assert_eq!(agenda.next_deadline(), None);
    }

    #[test]
    fn a_host_whose_deadline_changes_all_the_time_costs_no_memory() {
        let mut agenda = Agenda::default();
        for millis in 0..100_000 {
            agenda.note(0, false, at(200_000 - millis));
        }
        assert!(agenda.deadlines.len() < 100);
        assert_eq!(agenda.next_deadline(), Some(Duration::from_millis(100_001)));
    }

    #[test]
    fn a_ready_host_is_listed_once() {
        let mut agenda = Agenda::default();
        for number in [1, 0, 1, 0] {
            agenda.note(number, true, None);
        }
        assert_eq!(agenda.ready_hosts(), 2);
        assert_eq!(agenda.take_ready(0), 1);
        agenda.note(1, false, None);
        assert_eq!(agenda.ready_hosts(), 1);
    }
}
