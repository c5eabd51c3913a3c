//! The workloads that drive themselves.

use std::io;

use minato_bench::kit::{self, Rally, Senders};
use minato_bench::peer::{PeerCommand, Stopwatch, Workload, lacks};
use smol::Timer;
use smol::future::yield_now;

use crate::Host;

pub(crate) fn run(host: &Host, command: &PeerCommand) -> io::Result<()> {
    let count = command.count;
    let watch = match command.workload {
        Workload::SpawnJoin => host.run(|executor| async move {
            let watch = Stopwatch::start();
            let spawn = |turn| executor.spawn(async move { turn });
            kit::spawn_and_join(count, spawn, |number| number).await;
            watch
        }),
        Workload::Yield => host.run(|_| async move {
            let watch = Stopwatch::start();
            kit::yield_often(count, yield_now).await;
            watch
        }),
        Workload::WakeAcross => {
            let (rally, rallying) = Rally::start(count)?;
            let watch = Stopwatch::start();
            host.run(|_| rally.play(count));
            rallying.join()?;
            watch
        }
        Workload::WakeManyToOne => {
            let senders = Senders::new(command.workers(), count)?;
            let watch = Stopwatch::start();
            host.run(|_| senders.release());
            watch
        }
        Workload::TimerInsertCancel => insert_and_cancel(host, command),
        Workload::TimerExpire => host.run(|_| async move {
            let watch = Stopwatch::start();
            kit::expire(count, Timer::after, yield_now).await;
            watch
        }),
        Workload::TimerReset => host.run(|_| async move {
            let reset = |timer: std::pin::Pin<&mut Timer>, to| timer.get_mut().set_at(to);
            kit::reset_in_turn(count, Timer::at, reset, yield_now).await
        }),
        _ => lacks("this workload"),
    };
    watch.report(count);
    Ok(())
}

fn insert_and_cancel(host: &Host, command: &PeerCommand) -> Stopwatch {
    let share = command.count / command.workers() as u64;
    let workers = command.workers();
    host.run(|executor| async move {
        let watch = Stopwatch::start();
        let mut tasks = Vec::new();
        for _ in 0..workers {
            tasks.push(executor.spawn(async move {
                kit::insert_and_cancel(share, Timer::after, yield_now).await;
            }));
        }
        for task in tasks {
            task.await;
        }
        watch
    })
}
