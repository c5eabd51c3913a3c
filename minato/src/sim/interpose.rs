//! The macro that has the C library's functions answered from a world.

/// Answers functions of the C library from the simulated world of the thread that calls them: the
/// time, random numbers, names of hosts, sockets that a library sets up itself.
///
/// Write it once in a test program, at the top of `tests/NAME.rs`. It defines symbols that come
/// before those of the C library in that program, and in no other. On a thread that is in no world
/// they call the system's. A program that `cargo minato test` builds has them already, and must not
/// define them twice. Linux only.
///
/// With it, crates that know nothing of simulation do the same for the same seed: the `Date` of
/// hyper, the keys of rustls and of quinn, the order of a `HashMap`, and what std's `Instant` and
/// `SystemTime` show. [`sim::run`](crate::sim::run) makes the thread that a run wants for that.
///
/// # Errors
///
/// A socket of std that is *used* by the code of a host (accept, read, write, a connect that waits)
/// goes past the world. So does a wait of the thread for a descriptor. The call returns
/// `EOPNOTSUPP`, a line on standard error names it with the host, and the run of the
/// [`Simulation`](crate::sim::Simulation) fails with that text. To set a socket up and hand it to a
/// `from_std` is fine.
///
/// `docs/INTERPOSE.md` lists what is answered, and what cannot be reached.
///
/// # Examples
///
/// ```
/// use std::time::{Duration, Instant};
/// use minato::sim::{self, World};
///
/// minato::sim::interpose!();
///
/// # fn main() {
/// let (order, slept) = sim::run(World::new(7), |simulation| {
///     let task = simulation.spawn("host", async {
///         let begin = Instant::now();
///         minato::time::sleep(Duration::from_secs(3600)).await;
///         let order: std::collections::HashSet<u32> = (0..9).collect();
///         (Vec::from_iter(order), begin.elapsed())
///     });
///     simulation.block_on(task.unwrap()).unwrap()
/// });
/// assert_eq!(slept, Duration::from_secs(3600));
/// assert_eq!(order.len(), 9);
/// # }
/// ```
#[macro_export]
macro_rules! interpose {
    () => {
        $crate::sim::symbols! { $crate::sim::Here }
    };
}
