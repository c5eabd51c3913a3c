//! What a simulation does next: the policy of its steps.
//!
//! A step is the first of these that there is something for:
//!
//! 1. **Requests.** Hosts crash, start, pause and go on ([`take_request`](Agenda::take_request)).
//! 2. **News.** The hosts to which something has happened are turned: an event of a socket, or a
//!    wake that came from elsewhere ([`check_notified`](Agenda::check_notified)).
//! 3. **A poll.** Of the hosts with a ready task the one with the lowest rank polls one
//!    task ([`take_ready`](Agenda::take_ready)).
//! 4. **Time** passes to the next event of the world or the next timer of a host
//!    ([`pass_time`](Agenda::pass_time)), and the hosts with a timer that is due are turned
//!    ([`take_due`](Agenda::take_due)).
//!
//! After each turn and poll the program notes what the host has to do next
//! ([`note`](Agenda::note)). A step asks nothing else, so its work does not grow with the number of
//! hosts.
//!
//! # Who runs next
//!
//! A rank is a hash of the seed, the host's name, and how many polls the host has had. It is drawn
//! once, when the host becomes ready. So no draw of one host moves that of another, whatever the
//! other does. The smallest hash alone would be unfair: a host that is always ready draws again and
//! again, and may be lucky for long. So a rank begins with the instant at which the host became
//! ready, and with how many [rounds](ROUND) it has had in that instant:
//!
//! * what has been ready since an earlier instant comes first;
//! * of two ready hosts neither is polled more than [`ROUND`] times more often in one instant
//!   than the other.
//!
//! # When time passes
//!
//! Time passes only while no task is ready, with one exception: after [`BUSY_POLLS`] polls in one
//! instant it passes all the same, up to [`BUSY_TIME`], since the tasks may yield until a time has
//! come. After [`BUSY_INSTANTS`] such instants in a row the tasks are probably stuck, and up to
//! [`STUCK_TIME`] passes each time, so that the run comes to its limit soon.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use crate::choice::{mix, site};
use crate::crash::Action;
use crate::host::Host;
use crate::skew::Clocks;
use crate::time::nanos;
use crate::world::World;

/// After so many polls in one instant a host, or a task, comes after all that have had fewer.
pub const ROUND: u32 = 16;

/// After this many polls in one instant time passes, although tasks are ready.
pub const BUSY_POLLS: u32 = 10_000;

/// The most time that passes then.
pub const BUSY_TIME: Duration = Duration::from_millis(1);

/// After this many such instants in a row time passes faster.
pub const BUSY_INSTANTS: u32 = 30;

/// The most time that passes then.
pub const STUCK_TIME: Duration = Duration::from_secs(600);

const SITE: &str = "which host runs";

/// See the head of this file. Hosts go by their numbers, and times are since the world began; where
/// nothing else is said, they are true times.
#[derive(Debug)]
pub struct Agenda {
    world: World,
    entries: Vec<Entry>,
    /// The hosts with a ready task, the lowest rank first. Of the items of a host only the one with
    /// its [rank](Entry::rank) means anything; the others are left over.
    ready: BinaryHeap<Reverse<(Rank, u64)>>,
    ready_hosts: usize,
    /// Hosts by the deadline of their next timer. Of the items of a host only the one with its
    /// [deadline](Entry::deadline) means anything.
    deadlines: BinaryHeap<Reverse<(Duration, u64)>>,
    /// The hosts that have news and were not turned yet, the last one first.
    notified: Vec<u64>,
    /// Whether something was asked of a host.
    has_requests: bool,
    /// The clock of the world, when it was last looked at.
    now: u64,
    /// The polls since time passed.
    polls: u32,
    /// How often in a row time has passed although tasks were ready.
    busy_instants: u32,
}

/// The place of a ready host among the others: since when it has been ready, how many rounds it
/// has had in that instant, and its hash.
type Rank = (u64, u32, u64);

#[derive(Clone, Copy, Debug)]
struct Entry {
    /// What the draws of the host begin with: the seed, what is drawn, and the host.
    key: u64,
    /// How many polls it has had, and how many of them in the instant of the last one.
    polls: u64,
    polled_at: u64,
    polls_there: u32,
    /// While it has a ready task.
    rank: Option<Rank>,
    deadline: Option<Duration>,
    is_paused: bool,
    clocks: Clocks,
}

impl Agenda {
    /// The agenda of a simulation in this world.
    pub fn new(world: World) -> Self {
        Agenda {
            now: nanos(world.now()),
            world,
            entries: Vec::new(),
            ready: BinaryHeap::new(),
            ready_hosts: 0,
            deadlines: BinaryHeap::new(),
            notified: Vec::new(),
            has_requests: false,
            polls: 0,
            busy_instants: 0,
        }
    }

    /// Notes whether a host has a ready task, and when its next timer is due by the host's own
    /// clock.
    pub fn note(&mut self, number: u64, is_ready: bool, deadline: Option<Duration>) {
        let index = number as usize;
        if self.entries.len() <= index {
            self.add_entries(index + 1);
        }
        let entry = &mut self.entries[index];
        let true_time = |shown| Duration::from_nanos(entry.clocks.instant(nanos(shown)));
        let deadline = deadline.map(true_time);
        if is_ready != entry.rank.is_some() {
            entry.rank = is_ready.then(|| entry.draw(self.now));
            match entry.rank {
                Some(rank) => {
                    self.ready_hosts += 1;
                    self.ready.push(Reverse((rank, number)));
                }
                None => self.ready_hosts -= 1,
            }
        }
        if deadline != entry.deadline {
            entry.deadline = deadline;
            self.deadlines.extend(deadline.map(|at| Reverse((at, number))));
        }
        let most = most_items(self.entries.len());
        if self.deadlines.len() > most || self.ready.len() > most {
            self.drop_leftovers();
        }
    }

    /// Asks the world for the hosts that have news.
    pub fn check_notified(&mut self) {
        (self.now, self.has_requests) = self.world.take_notified_at(&mut self.notified);
    }

    /// Takes out a host that has news.
    pub fn take_notified(&mut self) -> Option<u64> {
        self.notified.pop()
    }

    /// Takes out what was asked of a host, which the program now does with the host's tasks.
    pub fn take_request(&mut self) -> Option<(Host, Action)> {
        if !std::mem::take(&mut self.has_requests) {
            return None;
        }
        let (host, action) = self.world.take_request()?;
        self.has_requests = true;
        self.note(host.number(), false, None);
        let entry = &mut self.entries[host.number() as usize];
        match action {
            Action::Pause => entry.is_paused = true,
            Action::Crash | Action::Resume => entry.is_paused = false,
            Action::Skew => entry.clocks = self.world.clocks_of_host(host.number() as usize),
            Action::Start => {}
        }
        Some((host, action))
    }

    /// Whether nothing of the host may run. Such a host must not be noted.
    pub fn is_paused(&self, number: u64) -> bool {
        self.entries.get(number as usize).is_some_and(|entry| entry.is_paused)
    }

    /// How many hosts have a ready task.
    pub fn ready_hosts(&self) -> usize {
        self.ready_hosts
    }

    /// Takes out the host that polls a task next: of those with a ready task the one with the
    /// lowest rank. There is none when time must pass first.
    pub fn take_ready(&mut self) -> Option<u64> {
        if self.is_worn() {
            return None;
        }
        let number = loop {
            let Reverse((rank, number)) = self.ready.pop()?;
            if self.entries[number as usize].rank == Some(rank) {
                break number;
            }
        };
        if self.ready_hosts > 1 {
            self.world.note_choice(SITE, number, self.ready_hosts, number);
        }
        self.ready_hosts -= 1;
        self.polls += 1;
        self.entries[number as usize].is_polled(self.now);
        Some(number)
    }

    /// Whether so much was polled in this instant that time must pass.
    fn is_worn(&self) -> bool {
        self.polls >= BUSY_POLLS
    }

    /// Lets time pass to the next event or timer, but not beyond `end`; returns whether anything
    /// can still happen. The program takes the hosts whose timers are due next. No time passes if
    /// a poll comes first.
    pub fn pass_time(&mut self, end: Option<Duration>) -> bool {
        let is_busy = self.ready_hosts > 0;
        if is_busy && !self.is_worn() {
            return true;
        }
        self.polls = 0;
        self.busy_instants = if is_busy { self.busy_instants.saturating_add(1) } else { 0 };
        let time = if self.busy_instants > BUSY_INSTANTS { STUCK_TIME } else { BUSY_TIME };
        let busy_until = is_busy.then(|| Duration::from_nanos(self.now).saturating_add(time));
        let limit = [self.next_deadline(), busy_until, end].into_iter().flatten().min();
        let had_event;
        (had_event, self.now) = self.world.advance_to(limit.map(nanos));
        had_event || limit.is_some()
    }

    /// Takes out a host with a timer that is due.
    pub fn take_due(&mut self) -> Option<u64> {
        let now = Duration::from_nanos(self.now);
        self.next_deadline().filter(|at| *at <= now)?;
        let Reverse((_, number)) = self.deadlines.pop()?;
        self.entries[number as usize].deadline = None;
        Some(number)
    }

    /// Whether the clock has just moved: no task was polled since.
    pub fn has_moved(&self) -> bool {
        self.polls == 0
    }

    /// Whether the clock has just moved, to an instant after `end`. The clock counts as the last
    /// step has left it.
    pub fn has_passed(&self, end: Duration) -> bool {
        self.has_moved() && Duration::from_nanos(self.now) > end
    }

    /// Whether anything is to be done up to `end`, for which the clock does not go beyond it.
    pub fn has_work_until(&mut self, end: Duration) -> bool {
        let is_due = |at: Option<Duration>| at.is_some_and(|at| at <= end);
        self.check_notified();
        self.world.now() < end
            || !self.notified.is_empty()
            || is_due(self.world.next_event())
            || is_due(self.next_deadline())
            || (self.ready_hosts > 0 && !self.is_worn())
    }

    /// When the next timer of any host is due.
    fn next_deadline(&mut self) -> Option<Duration> {
        while let Some(Reverse((at, number))) = self.deadlines.peek() {
            if self.entries[*number as usize].deadline == Some(*at) {
                return Some(*at);
            }
            self.deadlines.pop();
        }
        None
    }

    /// Makes the entries of the hosts below `len`.
    #[cold]
    fn add_entries(&mut self, len: usize) {
        let from = self.entries.len();
        let site = mix(self.world.seed() ^ site(SITE));
        let entry = |number| {
            let key = mix(site ^ self.world.key_of_host(number));
            Entry::new(key, self.world.clocks_of_host(number))
        };
        self.entries.extend((from..len).map(entry));
    }

    /// Keeps the heaps in proportion to the number of hosts.
    #[cold]
    fn drop_leftovers(&mut self) {
        let most = most_items(self.entries.len());
        let entries = &self.entries;
        if self.deadlines.len() > most {
            self.deadlines
                .retain(|Reverse((at, number))| entries[*number as usize].deadline == Some(*at));
        }
        if self.ready.len() > most {
            self.ready
                .retain(|Reverse((rank, number))| entries[*number as usize].rank == Some(*rank));
        }
    }
}

/// How many items a heap may have before those that are left over are dropped.
fn most_items(hosts: usize) -> usize {
    64 + 4 * hosts
}

impl Entry {
    fn new(key: u64, clocks: Clocks) -> Self {
        Entry {
            key,
            polls: 0,
            polled_at: 0,
            polls_there: 0,
            rank: None,
            deadline: None,
            is_paused: false,
            clocks,
        }
    }

    /// The rank of the host, which becomes ready at `now`.
    fn draw(&self, now: u64) -> Rank {
        let polls = if self.polled_at == now { self.polls_there } else { 0 };
        (now, polls / ROUND, mix(self.key ^ self.polls))
    }

    fn is_polled(&mut self, now: u64) {
        self.rank = None;
        self.polls += 1;
        self.polls_there = if self.polled_at == now { self.polls_there + 1 } else { 1 };
        self.polled_at = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Option<Duration> {
        Some(Duration::from_millis(millis))
    }

    /// An agenda of so many hosts.
    fn agenda(seed: u64, hosts: usize) -> Agenda {
        let world = World::new(seed);
        (0..hosts).for_each(|number| drop(world.host(&format!("host {number}"))));
        Agenda::new(world)
    }

    #[test]
    fn hosts_come_by_their_deadlines_and_a_changed_one_counts_once() {
        let mut agenda = agenda(1, 3);
        for (number, millis) in [(0, 30), (1, 10), (2, 20), (1, 40), (0, 5), (0, 30)] {
            agenda.note(number, false, at(millis));
        }
        assert_eq!(agenda.next_deadline(), at(20));
        assert_eq!(agenda.take_due(), None);
        assert!(agenda.pass_time(at(19)));
        assert_eq!(agenda.take_due(), None);
        let mut due = Vec::new();
        while agenda.pass_time(None) {
            due.extend(agenda.take_due().map(|number| (agenda.now / 1_000_000, number)));
        }
        assert_eq!(due, [(20, 2), (30, 0), (40, 1)]);
        assert_eq!(agenda.next_deadline(), None);
    }

    #[test]
    fn a_host_that_changes_all_the_time_costs_no_memory() {
        let mut agenda = agenda(1, 1);
        for millis in 0..100_000 {
            agenda.note(0, millis % 2 == 0, at(200_000 - millis));
        }
        assert!(agenda.deadlines.len() + agenda.ready.len() < 200);
        assert_eq!(agenda.next_deadline(), at(100_001));
    }

    #[test]
    fn a_ready_host_is_listed_once_and_not_after_it_has_become_idle() {
        let mut agenda = agenda(1, 3);
        for number in [1, 0, 1, 0, 2] {
            agenda.note(number, true, None);
        }
        agenda.note(2, false, None);
        assert_eq!(agenda.ready_hosts(), 2);
        let mut taken = [agenda.take_ready(), agenda.take_ready(), agenda.take_ready()];
        taken.sort_unstable();
        assert_eq!(taken, [None, Some(0), Some(1)]);
        agenda.note(1, false, None);
        assert_eq!(agenda.ready_hosts(), 0);
    }

    #[test]
    fn no_two_hosts_are_always_in_one_order_and_no_third_one_changes_it() {
        let mut first = [0, 0];
        for seed in 0..1000 {
            let order = |hosts: &[u64]| {
                let mut agenda = agenda(seed, 3);
                hosts.iter().for_each(|number| agenda.note(*number, true, None));
                let taken: Vec<_> = std::iter::from_fn(|| agenda.take_ready()).collect();
                taken.into_iter().filter(|number| *number < 2).collect::<Vec<_>>()
            };
            let two = order(&[0, 1]);
            assert_eq!(two, order(&[2, 1, 0]));
            first[two[0] as usize] += 1;
        }
        assert!(first.iter().all(|count| (400..600).contains(count)), "{first:?}");
    }

    #[test]
    fn hosts_that_are_always_ready_get_equal_shares_but_for_a_round() {
        for seed in 0..200 {
            let mut agenda = agenda(seed, 5);
            (0..5).for_each(|number| agenda.note(number, true, None));
            let mut polls = [0_u32; 5];
            while let Some(number) = agenda.take_ready() {
                polls[number as usize] += 1;
                agenda.note(number, true, None);
                let (most, least) = (polls.iter().max().unwrap(), polls.iter().min().unwrap());
                assert!(most - least <= ROUND, "{polls:?}");
            }
            assert_eq!(polls.iter().sum::<u32>(), BUSY_POLLS);
        }
    }

    #[test]
    fn time_passes_after_many_polls_and_faster_when_that_does_not_help() {
        let mut agenda = agenda(1, 2);
        agenda.note(0, true, None);
        for _ in 0..BUSY_INSTANTS {
            assert!(agenda.pass_time(None), "a poll comes first");
            let before = agenda.now;
            let polls = std::iter::from_fn(|| {
                let number = agenda.take_ready()?;
                agenda.note(number, true, None);
                Some(number)
            });
            assert_eq!(polls.count() as u32, BUSY_POLLS);
            assert!(agenda.pass_time(None));
            assert_eq!(u128::from(agenda.now - before), BUSY_TIME.as_nanos());
        }
        agenda.polls = BUSY_POLLS;
        let before = agenda.now;
        assert!(agenda.pass_time(None));
        assert_eq!(u128::from(agenda.now - before), STUCK_TIME.as_nanos());
        // What was ready before time passed comes before what is ready since.
        agenda.note(1, true, None);
        assert_eq!(agenda.take_ready(), Some(0));
    }
}
