//! The workloads that drive themselves.

use std::io;
use std::pin::Pin;
use std::time::Instant;

use minato_bench::kit::{self, Rally, Senders, yield_now};
use minato_bench::peer::{PeerCommand, Stopwatch, Workload, lacks};
use monoio::time::{Sleep, sleep, sleep_until, timeout};

pub(crate) fn run(command: &PeerCommand) -> io::Result<()> {
    if command.workload == Workload::TimerInsertCancel {
        return insert_and_cancel(command);
    }
    kit::forbid_workers(command);
    let count = command.count;
    let mut runtime = crate::runtime(command)?;
    let watch = match command.workload {
        Workload::SpawnJoin => runtime.block_on(async {
            let watch = Stopwatch::start();
            let spawn = |turn| monoio::spawn(async move { turn });
            kit::spawn_and_join(count, spawn, |number| number).await;
            watch
        }),
        Workload::Yield => runtime.block_on(async {
            let watch = Stopwatch::start();
            kit::yield_often(count, yield_now).await;
            watch
        }),
        Workload::WakeAcross => {
            let (rally, rallying) = Rally::start(count)?;
            let watch = Stopwatch::start();
            runtime.block_on(rally.play(count));
            rallying.join()?;
            watch
        }
        Workload::WakeManyToOne => {
            let senders = Senders::new(command.workers(), count)?;
            let watch = Stopwatch::start();
            runtime.block_on(senders.release());
            watch
        }
        Workload::TimerExpire => runtime.block_on(async {
            let watch = Stopwatch::start();
            kit::expire(count, sleep, yield_now).await;
            watch
        }),
        Workload::TimerReset => runtime.block_on(async {
            let reset = |sleep: Pin<&mut Sleep>, to| sleep.reset(later(to));
            kit::reset_in_turn(count, at, reset, yield_now).await
        }),
        _ => lacks("this workload"),
    };
    watch.report(count);
    Ok(())
}

/// A runtime a worker.
fn insert_and_cancel(command: &PeerCommand) -> io::Result<()> {
    let workers = command.workers();
    let share = command.count / workers as u64;
    let variant = command.clone();
    let watch = kit::at_once(
        workers,
        move || crate::runtime(&variant),
        move |mut runtime| {
            runtime.block_on(async {
                let make = |duration| timeout(duration, kit::forever());
                kit::insert_and_cancel(share, make, yield_now).await;
            });
        },
    )?;
    watch.report(command.count);
    Ok(())
}

fn at(deadline: Instant) -> Sleep {
    sleep_until(later(deadline))
}

fn later(deadline: Instant) -> monoio::time::Instant {
    monoio::time::Instant::from_std(deadline)
}
