//! The workloads that drive themselves, for all runtimes: one source, which each peer compiles with
//! its own [`crate::rt`], the runtime under the names that most of them share.
//!
//! What not every runtime has is in [`crate::drive_more`].

use std::io;

use minato_bench::kit::{self, Rally, Senders};
use minato_bench::peer::{PeerCommand, Spent, Stopwatch, Workload};

use crate::host::together;
use crate::rt::task::yield_now;
use crate::rt::time::{sleep, timeout};

/// Does `count` operations in the runtime, and tells what they took.
pub(crate) async fn operate(command: PeerCommand, count: u64) -> io::Result<Spent> {
    match command.workload {
        Workload::SpawnJoin => {
            let watch = Stopwatch::start();
            kit::spawn_and_join(count, |turn| crate::rt::spawn(async move { turn })).await;
            Ok(watch.stop())
        }
        Workload::Yield => {
            let watch = Stopwatch::start();
            kit::yield_often(count, yield_now).await;
            Ok(watch.stop())
        }
        Workload::WakeAcross | Workload::WakeBesideBlocked => {
            let (rally, rallying) = Rally::start(count)?;
            let watch = Stopwatch::start();
            rally.play(count).await;
            let spent = watch.stop();
            rallying.join()?;
            Ok(spent)
        }
        Workload::WakeManyToOne => {
            let senders = Senders::new(command.workers(), count)?;
            let watch = Stopwatch::start();
            senders.release().await;
            Ok(watch.stop())
        }
        Workload::TimerInsertCancel => {
            let share = count / command.workers() as u64;
            let watch = Stopwatch::start();
            together(command.workers(), move || async move {
                let make = |duration| timeout(duration, kit::forever());
                kit::insert_and_cancel(share, make, yield_now).await;
                Ok(())
            })
            .await?;
            Ok(watch.stop())
        }
        Workload::TimerExpire => {
            let watch = Stopwatch::start();
            kit::expire(count, sleep, yield_now).await;
            Ok(watch.stop())
        }
        other => crate::drive_more(other, count).await,
    }
}
