//! The workloads that drive themselves.

use std::io;
use std::time::Instant;

use minato::task::yield_now;
use minato::time::{Sleep, sleep, sleep_until, timeout};
use minato_bench::kit::{self, Rally, Senders};
use minato_bench::peer::{PeerCommand, Stopwatch, Workload, lacks};

use crate::Host;

pub(crate) fn run(host: &Host, command: &PeerCommand) -> io::Result<()> {
    let count = command.count;
    let watch = match command.workload {
        Workload::SpawnJoin => host.run(async move {
            let watch = Stopwatch::start();
            let spawn = |turn| minato::spawn(async move { turn });
            kit::spawn_and_join(count, spawn, Result::unwrap_or_default).await;
            watch
        })?,
        Workload::Yield => host.run(async move {
            let watch = Stopwatch::start();
            kit::yield_often(count, yield_now).await;
            watch
        })?,
        Workload::WakeAcross => {
            let (rally, rallying) = Rally::start(count)?;
            let watch = Stopwatch::start();
            host.run(rally.play(count))?;
            rallying.join()?;
            watch
        }
        Workload::WakeManyToOne => {
            let senders = Senders::new(command.workers(), count)?;
            let watch = Stopwatch::start();
            host.run(senders.release())?;
            watch
        }
        Workload::TimerInsertCancel => insert_and_cancel(host, command)?,
        Workload::TimerExpire => host.run(async move {
            let watch = Stopwatch::start();
            kit::expire(count, sleep, yield_now).await;
            watch
        })?,
        Workload::TimerReset => host.run(async move {
            let reset = |sleep: std::pin::Pin<&mut Sleep>, to| sleep.reset(later(to));
            kit::reset_in_turn(count, at, reset, yield_now).await
        })?,
        _ => lacks("this workload"),
    };
    watch.report(count);
    Ok(())
}

fn insert_and_cancel(host: &Host, command: &PeerCommand) -> io::Result<Stopwatch> {
    let share = command.count / command.workers() as u64;
    let workers = command.workers();
    host.run(async move {
        let watch = Stopwatch::start();
        let mut tasks = Vec::new();
        for _ in 0..workers {
            tasks.push(minato::spawn(async move {
                let make = |duration| timeout(duration, kit::forever());
                kit::insert_and_cancel(share, make, yield_now).await;
            }));
        }
        for task in tasks {
            task.await?;
        }
        Ok(watch)
    })?
}

fn at(deadline: Instant) -> Sleep {
    sleep_until(later(deadline))
}

fn later(deadline: Instant) -> minato::time::Instant {
    minato::time::Instant::from_std(deadline)
}
