//! Disks of hosts that crash, and random plans of everything that a host can suffer.

use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;
use std::time::Duration;

use minato::io::{AsyncReadExt, AsyncWriteExt};
use minato::net::{TcpListener, TcpStream};
use minato::sim::{self, Condition, Durable, Offset, Simulation, World};
use minato::task::spawn_local;
use minato::time::{sleep, timeout};

use crate::kit::watchdog;

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

#[test]
fn what_a_task_has_synced_is_there_after_the_restart() {
    let _watchdog = watchdog();
    for seed in 0..50 {
        let mut simulation = Simulation::new(seed);
        let promised = Rc::new(Cell::new(0));
        let promise = promised.clone();
        simulation
            .program("host", move || {
                let promise = promise.clone();
                async move {
                    let disk: Durable<u64> = sim::host().unwrap().disk("count").unwrap();
                    assert!(disk.read() >= promise.get());
                    loop {
                        disk.update(|count| *count += 1);
                        let written = disk.read();
                        if disk.sync().await.is_ok() {
                            promise.set(written);
                        }
                    }
                }
            })
            .unwrap();
        let host = simulation.world().host("host");
        for round in 0..10 {
            if round % 3 == 0 {
                host.fail_syncs([5]);
            }
            simulation.run_for(millis(20)).unwrap();
            host.crash().unwrap();
            simulation.run_for(millis(20)).unwrap();
            host.restart().unwrap();
        }
        assert!(promised.get() > 10);
    }
}

#[test]
fn a_task_may_leave_a_sync_half_way() {
    let _watchdog = watchdog();
    let mut simulation = Simulation::new(1);
    let host = simulation.world().host("host");
    host.set_sync_time(millis(100)).unwrap();
    let task = simulation.spawn("host", async {
        let disk: Durable<String> = sim::host().unwrap().disk("text").unwrap();
        disk.write("first".to_owned());
        timeout(millis(10), disk.sync()).await.unwrap_err();
        disk.sync().await.unwrap();
        disk.read()
    });
    assert_eq!(simulation.block_on(task.unwrap()).unwrap(), "first");
    assert_eq!(simulation.world().now(), millis(110));
}

/// Stores what it is sent, and answers once that is safe.
async fn store() {
    let disk: Durable<u64> = sim::host().unwrap().disk("value").unwrap();
    let listener = TcpListener::bind("0.0.0.0:7000").await.unwrap();
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        let disk = disk.clone();
        spawn_local(async move {
            while let Ok(value) = stream.read_u64().await {
                disk.update(|stored| *stored = value.max(*stored));
                disk.sync().await?;
                stream.write_u64(disk.read()).await?;
            }
            io::Result::Ok(())
        });
    }
}

/// Has one server after the other store the next value, and gives each a second for it.
async fn ask(servers: [&'static str; 2], answered: Rc<RefCell<[u64; 2]>>) {
    for value in 1..=20 {
        let index = value as usize % 2;
        let once = async {
            let mut stream = TcpStream::connect((servers[index], 7000)).await?;
            stream.write_u64(value).await?;
            stream.read_u64().await
        };
        if let Ok(Ok(stored)) = timeout(Duration::from_secs(1), once).await {
            assert!(stored >= answered.borrow()[index].max(value));
            answered.borrow_mut()[index] = stored;
        }
        sleep(millis(20)).await;
    }
}

/// Does to a host what is drawn, if that can be done now.
fn strike(world: &World, name: &str) {
    let host = world.host(name);
    let draw = |what, of| world.choose(what, host.number(), of);
    let done = match (host.condition(), draw("what happens", 6)) {
        (Condition::Down, 0..=4) => host.restart(),
        (Condition::Paused, 0..3) => host.resume(),
        (Condition::Running | Condition::Paused, 3) => host.crash(),
        (Condition::Running, 4) => host.pause(),
        (_, 5) => {
            let offset = Offset::Behind(millis(draw("offset", 5000) as u64));
            host.skew(offset, draw("drift", 400_000) as i64 - 200_000)
        }
        _ => Ok(()),
    };
    done.unwrap();
}

/// One run with a plan of its seed. Returns the crashes, and the hash of the run.
fn run_plan(seed: u64) -> (u64, u64) {
    let world = World::new(seed);
    let mut simulation = Simulation::in_world(world.clone());
    let names = ["one", "two"];
    let answered = Rc::new(RefCell::new([0; 2]));
    for name in names {
        simulation.program(name, store).unwrap();
    }
    let client = simulation.spawn("client", ask(names, answered.clone())).unwrap();
    for _ in 0..20 {
        let wait = world.choose("wait", 0, 60) as u64;
        simulation.run_for(millis(wait)).unwrap();
        strike(&world, names[world.choose("which", 0, 2)]);
    }
    // 2. Everything heals, and the client comes to its end.
    for host in names.map(|name| world.host(name)) {
        simulation.run_for(millis(1)).unwrap();
        match host.condition() {
            Condition::Down => host.restart().unwrap(),
            Condition::Paused => host.resume().unwrap(),
            _ => {}
        }
        host.skew(Offset::NONE, 0).unwrap();
    }
    simulation.run_until(client).expect("nobody is stuck").unwrap();
    // 3. Nothing that was answered is lost, also not by one more crash.
    let crashes = names.map(|name| world.host(name).crashes()).iter().sum();
    for (name, answered) in names.iter().zip(*answered.borrow()) {
        world.host(name).crash().unwrap();
        simulation.run_for(millis(1)).unwrap();
        assert!(world.host(name).disk::<u64>("value").unwrap().read() >= answered);
    }
    (crashes, world.trace_hash())
}

#[test]
fn a_thousand_plans_of_crashes_pauses_and_wrong_clocks_leave_nobody_stuck() {
    let mut crashes = 0;
    for hundred in 0..10 {
        let _watchdog = watchdog();
        crashes += (100 * hundred..100 * (hundred + 1)).map(|seed| run_plan(seed).0).sum::<u64>();
    }
    assert!(crashes > 1000, "{crashes}");
    assert_eq!(run_plan(7), run_plan(7));
}
