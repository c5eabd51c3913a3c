//! Many cases at a time.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

/// Calls `run` with the numbers of `0..count`, as many at a time as `jobs`, and `each` with what
/// came out, on this thread and in the order of the numbers. It stops when `each` returns `false`.
pub(super) fn in_order<T: Send>(
    count: usize,
    jobs: NonZero<usize>,
    run: impl Fn(usize) -> T + Sync,
    mut each: impl FnMut(T) -> bool,
) {
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        let (sender, receiver) = mpsc::channel();
        for _ in 0..jobs.get().min(count) {
            let (sender, next, run) = (sender.clone(), &next, &run);
            scope.spawn(move || {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count || sender.send((number, run(number))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        // What came before its turn.
        let mut early = std::collections::BTreeMap::new();
        let mut turn = 0;
        for (number, result) in receiver {
            early.insert(number, result);
            while let Some(result) = early.remove(&turn) {
                turn += 1;
                if !each(result) {
                    // Nobody starts another; those that run are waited for.
                    next.store(count, Ordering::Relaxed);
                    return;
                }
            }
        }
    });
}

/// As many as there are processors.
pub(super) fn processors() -> NonZero<usize> {
    thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_whatever_the_number_of_jobs() {
        for jobs in [1, 2, 7] {
            let jobs = NonZero::new(jobs).unwrap();
            let mut seen = Vec::new();
            in_order(
                100,
                jobs,
                |number| {
                    // Some take longer than others.
                    (0..number % 7 * 1000).fold(number, |sum, _| std::hint::black_box(sum))
                },
                |number| {
                    seen.push(number);
                    number < 41
                },
            );
            assert!(seen.iter().copied().eq(0..=41), "{seen:?}");
        }
    }
}
