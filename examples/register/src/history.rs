//! What clients did and saw, and whether one register can have shown them that.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Read,
    Write(u64),
}

/// The operations of a run, in the order in which they began. Clones are the same history.
///
/// Time is counted in steps: each begin and each end of an operation is one. So it does not matter
/// what the clocks of the hosts say.
#[derive(Clone, Default)]
pub struct History(Arc<Mutex<Steps>>);

#[derive(Default)]
struct Steps {
    count: u64,
    operations: Vec<Operation>,
}

/// An operation, from its begin to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Operation {
    client: u64,
    action: Action,
    /// What was written, or what was read as soon as that is known.
    value: Option<u64>,
    begin: u64,
    /// When it ended; the greatest number as long as it has not.
    end: u64,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Operation { client, begin, end, .. } = self;
        match (self.action, self.value) {
            (Action::Write(value), _) => write!(f, "c{client} writes {value}")?,
            (Action::Read, Some(value)) => write!(f, "c{client} reads {value}")?,
            (Action::Read, None) => write!(f, "c{client} reads")?,
        }
        match *end {
            u64::MAX => write!(f, " (from step {begin} on)"),
            end => write!(f, " (steps {begin} to {end})"),
        }
    }
}

/// Names an operation of a history.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OperationId(usize);

impl History {
    /// Notes that a client begins something.
    pub(crate) fn begin(&self, client: u64, action: Action) -> OperationId {
        let mut steps = self.lock();
        steps.count += 1;
        let value = match action {
            Action::Read => None,
            Action::Write(value) => Some(value),
        };
        let begin = steps.count;
        steps.operations.push(Operation { client, action, value, begin, end: u64::MAX });
        OperationId(steps.operations.len() - 1)
    }

    /// Notes that it has ended, with the value that was written or read.
    pub(crate) fn end(&self, operation: OperationId, value: u64) {
        let mut steps = self.lock();
        steps.count += 1;
        let count = steps.count;
        let operation = &mut steps.operations[operation.0];
        (operation.value, operation.end) = (Some(value), count);
    }

    /// How many operations have begun.
    pub fn len(&self) -> usize {
        self.lock().operations.len()
    }

    /// Whether none has.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether one register, which held 0 at first, can have shown all this to the clients: whether
    /// each operation can be given an instant between its begin and its end, so that each read
    /// returns what the last write before it wrote.
    ///
    /// It needs that no two writes write the same. Then a value stands for its write and all reads
    /// of it, and two values that were each seen before the other contradict each other (after
    /// Gibbons and Korach, "Testing Shared Memories").
    ///
    /// # Errors
    ///
    /// The first contradiction found.
    pub fn check(&self) -> Result<(), Violation> {
        let steps = self.lock();
        let mut values = BTreeMap::new();
        values.insert(0, Value::of_the_beginning());
        let is_write = |operation: &&Operation| matches!(operation.action, Action::Write(_));
        for write in steps.operations.iter().filter(is_write) {
            // A write without an end counts as soon as somebody has read its value.
            values.insert(write.value.unwrap_or_default(), Value::new(*write));
        }
        for read in steps.operations.iter().filter(|operation| !is_write(operation)) {
            let Some(number) = read.value else { continue };
            let value = values
                .get_mut(&number)
                .ok_or_else(|| Violation(format!("{read}, which nobody ever wrote")))?;
            value.add(*read)?;
        }
        let values: Vec<Value> = values.into_values().collect();
        for (index, one) in values.iter().enumerate() {
            values[index + 1..].iter().try_for_each(|other| one.compare(other))?;
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Steps> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.lock().operations.iter().map(ToString::to_string)).finish()
    }
}

/// A value: the register held it at some time from `first_end` on, at the latest, and up to
/// `last_begin` at least.
struct Value {
    write: Operation,
    first_end: Operation,
    last_begin: Operation,
}

impl Value {
    fn new(write: Operation) -> Value {
        Value { write, first_end: write, last_begin: write }
    }

    /// The 0 that is there before anybody writes.
    fn of_the_beginning() -> Value {
        let value = Some(0);
        Value::new(Operation { client: 0, action: Action::Write(0), value, begin: 0, end: 0 })
    }

    fn add(&mut self, read: Operation) -> Result<(), Violation> {
        if read.end < self.write.begin {
            return Err(Violation(format!("{read} before {}", self.write)));
        }
        if read.end < self.first_end.end {
            self.first_end = read;
        }
        if read.begin > self.last_begin.begin {
            self.last_begin = read;
        }
        Ok(())
    }

    /// Whether an operation on this value had ended before one on the other began.
    fn precedes(&self, other: &Value) -> bool {
        self.first_end.end < other.last_begin.begin
    }

    /// Each of two values cannot be before the other.
    fn compare(&self, other: &Value) -> Result<(), Violation> {
        if !self.precedes(other) || !other.precedes(self) {
            return Ok(());
        }
        let is_older = self.write.begin < other.write.begin;
        let (old, new) = if is_older { (self, other) } else { (other, self) };
        Err(Violation(format!(
            "{} is newer than {}: {} after {}. But it is older: {} after {}",
            new.number(),
            old.number(),
            new.last_begin,
            old.first_end,
            old.last_begin,
            new.first_end,
        )))
    }

    fn number(&self) -> u64 {
        self.write.value.unwrap_or_default()
    }
}

/// Why a history is not that of one register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation(String);

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Violation {}

#[cfg(test)]
mod tests {
    use super::*;

    /// A history from lines: the client, `r` or `w`, the value, and the two steps. An operation
    /// that ends at step 0 never does.
    fn check(operations: &[(u64, char, u64, u64, u64)]) -> Result<(), String> {
        let history = History::default();
        for &(client, kind, value, begin, end) in operations {
            let action = if kind == 'r' { Action::Read } else { Action::Write(value) };
            let end = if end == 0 { u64::MAX } else { end };
            let operation = Operation { client, action, value: Some(value), begin, end };
            history.lock().operations.push(operation);
        }
        history.check().map_err(|violation| violation.to_string())
    }

    #[test]
    fn one_after_the_other_is_right() {
        assert_eq!(check(&[(0, 'r', 0, 1, 2), (0, 'w', 7, 3, 4), (1, 'r', 7, 5, 6)]), Ok(()));
        assert_eq!(check(&[(0, 'w', 7, 1, 2), (0, 'w', 8, 3, 4), (1, 'r', 8, 5, 6)]), Ok(()));
    }

    #[test]
    fn beside_a_write_both_values_are_right() {
        assert_eq!(check(&[(0, 'w', 7, 1, 4), (1, 'r', 0, 2, 3)]), Ok(()));
        assert_eq!(check(&[(0, 'w', 7, 1, 4), (1, 'r', 7, 2, 3)]), Ok(()));
        assert_eq!(check(&[(0, 'w', 7, 1, 6), (1, 'r', 0, 2, 3), (1, 'r', 7, 4, 5)]), Ok(()));
        // Two writes at the same time, in whichever order the read says.
        for seen in [7, 8] {
            let read = (1, 'r', seen, 5, 6);
            assert_eq!(check(&[(0, 'w', 7, 1, 3), (1, 'w', 8, 2, 4), read]), Ok(()));
        }
    }

    #[test]
    fn a_value_that_was_seen_is_not_forgotten() {
        let told = check(&[(0, 'w', 7, 1, 8), (1, 'r', 7, 2, 3), (1, 'r', 0, 4, 5)]).unwrap_err();
        let expected = "7 is newer than 0: c1 reads 7 (steps 2 to 3) after c0 writes 0 \
            (steps 0 to 0). But it is older: c1 reads 0 (steps 4 to 5) after c1 reads 7 \
            (steps 2 to 3)";
        assert_eq!(told, expected);
    }

    #[test]
    fn a_write_that_ended_is_seen() {
        assert!(check(&[(0, 'w', 7, 1, 2), (1, 'r', 0, 3, 4)]).is_err());
        // Two readers see two writes in different orders.
        let writes = [(0, 'w', 7, 1, 20), (1, 'w', 8, 2, 19)];
        let one = [(2, 'r', 7, 3, 4), (2, 'r', 8, 7, 8)];
        let other = [(3, 'r', 8, 5, 6), (3, 'r', 7, 9, 10)];
        assert_eq!(check(&[&writes[..], &one].concat()), Ok(()));
        assert!(check(&[&writes[..], &one, &other].concat()).is_err());
    }

    #[test]
    fn a_write_without_an_end_may_count_and_may_not() {
        assert_eq!(check(&[(0, 'w', 7, 1, 0), (1, 'r', 0, 2, 3)]), Ok(()));
        assert_eq!(check(&[(0, 'w', 7, 1, 0), (1, 'r', 0, 2, 3), (1, 'r', 7, 4, 5)]), Ok(()));
        let forgotten = (1, 'r', 0, 6, 7);
        assert!(check(&[(0, 'w', 7, 1, 0), (1, 'r', 7, 4, 5), forgotten]).is_err());
    }

    #[test]
    fn what_nobody_wrote_cannot_be_read() {
        let told = check(&[(1, 'r', 9, 1, 2)]).unwrap_err();
        assert_eq!(told, "c1 reads 9 (steps 1 to 2), which nobody ever wrote");
        let told = check(&[(1, 'r', 9, 1, 2), (0, 'w', 9, 3, 4)]).unwrap_err();
        assert_eq!(told, "c1 reads 9 (steps 1 to 2) before c0 writes 9 (steps 3 to 4)");
    }

    /// The check against the definition: all orders are tried.
    #[test]
    fn the_check_agrees_with_trying_all_orders() {
        let mut state = 1_u64;
        let mut throw = |sides: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) % sides
        };
        let mut counts = [0, 0];
        for _ in 0..3000 {
            let mut steps: Vec<u64> = (1..=10).collect();
            let mut take = || steps.remove(throw(steps.len() as u64) as usize);
            let mut spans = Vec::new();
            for _ in 0..5 {
                let (one, two) = (take(), take());
                spans.push((one.min(two), one.max(two)));
            }
            let mut operations = Vec::new();
            for (index, (begin, end)) in spans.into_iter().enumerate() {
                let (kind, value) =
                    if index < 2 { ('w', 1 + index as u64) } else { ('r', throw(3)) };
                operations.push((index as u64, kind, value, begin, end));
            }
            let is_right = some_order_is_right(&operations, &mut Vec::new(), 0);
            assert_eq!(check(&operations).is_ok(), is_right, "{operations:?}");
            counts[usize::from(is_right)] += 1;
        }
        assert!(counts.iter().all(|&count| count > 300), "{counts:?}");
    }

    /// Whether the operations that are not `done` can follow in some order on `value`.
    fn some_order_is_right(
        operations: &[(u64, char, u64, u64, u64)],
        done: &mut Vec<usize>,
        value: u64,
    ) -> bool {
        let left: Vec<usize> =
            (0..operations.len()).filter(|index| !done.contains(index)).collect();
        // Only what began before everything else that is left has ended may come next.
        let first_end = left.iter().map(|&index| operations[index].4).min();
        left.is_empty()
            || left.iter().any(|&index| {
                let (_, kind, number, begin, _) = operations[index];
                let fits = first_end.is_some_and(|end| begin <= end);
                if !fits || (kind == 'r' && number != value) {
                    return false;
                }
                done.push(index);
                let is_right = some_order_is_right(operations, done, number);
                done.pop();
                is_right
            })
    }
}
