//! Hosts that crash and are started anew.

use std::cell::{Cell, RefCell};
use std::future::pending;
use std::io::{self, ErrorKind};
use std::rc::Rc;
use std::time::Duration;

use minato::io::{AsyncReadExt, AsyncWriteExt};
use minato::net::{TcpListener, TcpStream, UnixDatagram, UnixListener, UnixStream};
use minato::runtime::Handle;
use minato::sim::{self, Simulation, World};
use minato::task::spawn_local;
use minato::time::{sleep, timeout};

use crate::kit::watchdog;

const ENETDOWN: i32 = 100;

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Echoes bytes, for all who come.
async fn server() {
    let listener = TcpListener::bind("0.0.0.0:7000").await.unwrap();
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        spawn_local(async move {
            while let Ok(byte) = stream.read_u8().await {
                stream.write_u8(byte).await?;
            }
            io::Result::Ok(())
        });
    }
}

/// Sends a byte and waits for it to come back.
async fn ask(stream: &mut TcpStream) -> io::Result<()> {
    stream.write_all(b"x").await?;
    let mut answer = [0];
    stream.read_exact(&mut answer).await.map(drop)
}

/// Connects and asks until that works.
async fn ask_until_answered() -> u32 {
    for attempt in 0.. {
        let once = async { ask(&mut TcpStream::connect("server:7000").await?).await };
        match timeout(millis(500), once).await {
            Ok(Ok(())) => return attempt,
            _ => sleep(millis(100)).await,
        }
    }
    unreachable!("the attempts do not end")
}

#[test]
fn a_program_is_made_anew_at_each_restart() {
    let _watchdog = watchdog();
    for seed in 0..20 {
        let mut simulation = Simulation::new(seed);
        simulation.program("server", server).unwrap();
        let first = simulation.spawn("client", ask_until_answered()).unwrap();
        assert_eq!(simulation.block_on(first).unwrap(), 0);

        let server = simulation.world().host("server");
        server.crash().unwrap();
        let second = simulation.spawn("client", ask_until_answered()).unwrap();
        simulation.run_for(Duration::from_secs(3)).unwrap();
        assert!(!second.is_finished());
        server.restart().unwrap();
        assert!(simulation.block_on(second).unwrap() >= 5);
        assert_eq!(server.crashes(), 1);
    }
}

/// A socket that is used when it is dropped.
struct Last(TcpStream, Rc<RefCell<Vec<i32>>>);

impl Drop for Last {
    fn drop(&mut self) {
        let error = self.0.try_write(b"last words").map(drop).unwrap_err();
        self.1.borrow_mut().extend(error.raw_os_error());
        assert!(sim::host().is_some_and(|host| host.condition() == sim::Condition::Down));
    }
}

#[test]
fn the_destructors_of_a_crashed_host_send_nothing() {
    let _watchdog = watchdog();
    let mut simulation = Simulation::new(1);
    let (errors, log) = (Rc::default(), Rc::new(RefCell::new(Vec::new())));
    simulation
        .spawn("server", {
            let log = log.clone();
            async move {
                let listener = TcpListener::bind("0.0.0.0:7000").await.unwrap();
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut buf = [0; 64];
                let read = timeout(Duration::from_secs(60), stream.read(&mut buf)).await;
                log.borrow_mut().push(read.is_err());
            }
        })
        .unwrap();
    let last = Rc::clone(&errors);
    simulation
        .spawn("client", async move {
            sleep(millis(10)).await;
            let stream = TcpStream::connect("server:7000").await.unwrap();
            let _last = Last(stream, last);
            pending::<()>().await;
        })
        .unwrap();
    simulation.run_for(Duration::from_secs(1)).unwrap();
    let client = simulation.world().host("client");
    client.crash().unwrap();
    assert!(errors.borrow().is_empty(), "it is only a request");
    simulation.run_for(Duration::from_secs(120)).unwrap();
    assert_eq!(*errors.borrow(), [ENETDOWN]);
    assert_eq!(*log.borrow(), [true], "the server has heard nothing");
}

#[test]
fn a_host_can_crash_itself_and_nothing_of_it_runs_after() {
    let _watchdog = watchdog();
    let mut simulation = Simulation::new(1);
    let steps = Rc::new(Cell::new(0));
    let count = steps.clone();
    simulation
        .program("server", move || {
            let count = count.clone();
            async move {
                spawn_local({
                    let count = count.clone();
                    async move {
                        sleep(millis(5)).await;
                        count.set(count.get() + 1000);
                    }
                });
                count.set(count.get() + 1);
                sleep(millis(5)).await;
                sim::host().unwrap().crash().unwrap();
                count.set(count.get() + 10);
                sleep(Duration::ZERO).await;
                minato::task::yield_now().await;
                count.set(count.get() + 100);
            }
        })
        .unwrap();
    simulation.run_until_idle().unwrap();
    assert!([11, 1011].contains(&steps.get()), "{}", steps.get());
    simulation.world().host("server").restart().unwrap();
    simulation.run_until_idle().unwrap();
    assert_eq!(steps.get() % 100, 22);
}

#[test]
fn what_a_task_blocks_on_ends_when_its_host_crashes_meanwhile() {
    let _watchdog = watchdog();
    let mut simulation = Simulation::new(1);
    simulation.spawn("server", server()).unwrap();
    let seen = Rc::new(RefCell::new(Vec::new()));
    let log = seen.clone();
    simulation
        .spawn("client", async move {
            sleep(millis(10)).await;
            let mut stream = TcpStream::connect("server:7000").await.unwrap();
            let error = Handle::current().block_on(async {
                sim::host().unwrap().crash().unwrap();
                sleep(millis(10)).await;
                stream.read_u8().await.unwrap_err()
            });
            log.borrow_mut().extend(error.raw_os_error());
            sleep(Duration::ZERO).await;
            minato::task::yield_now().await;
            log.borrow_mut().push(0);
        })
        .unwrap();
    simulation.run_for(Duration::from_secs(1)).unwrap();
    assert_eq!(*seen.borrow(), [ENETDOWN]);
    assert_eq!(simulation.world().open_connections(), 1, "the server's end");
}

#[test]
fn a_handle_of_a_crashed_host_gives_an_error() {
    let _watchdog = watchdog();
    let mut simulation = Simulation::new(1);
    let task = simulation.spawn("server", pending::<()>()).unwrap();
    let asleep = simulation.spawn("server", sleep(Duration::from_secs(5))).unwrap();
    simulation.run_for(millis(1)).unwrap();
    simulation.world().host("server").crash().unwrap();
    assert!(simulation.block_on(task).unwrap_err().is_cancelled());
    assert!(simulation.block_on(asleep).unwrap_err().is_cancelled());
}

#[test]
fn a_panic_in_a_destructor_at_a_crash_is_reported() {
    struct Panics;
    impl Drop for Panics {
        fn drop(&mut self) {
            panic!("the destructor");
        }
    }
    let _watchdog = watchdog();
    let mut simulation = Simulation::new(1);
    simulation
        .program("server", || async {
            let _panics = Panics;
            pending::<()>().await;
        })
        .unwrap();
    simulation.run_for(millis(1)).unwrap();
    simulation.world().host("server").crash().unwrap();
    let error = simulation.run_for(millis(1)).unwrap_err().to_string();
    assert!(error.contains("host server") && error.contains("the destructor"), "{error}");
    simulation.world().host("server").restart().unwrap();
    simulation.run_for(millis(1)).unwrap();
}

#[test]
fn requests_that_do_not_fit_are_errors_that_name_the_host() {
    let _watchdog = watchdog();
    let mut simulation = Simulation::new(1);
    let server = simulation.world().host("server");
    let text = |done: io::Result<()>| {
        let error = done.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        error.to_string()
    };
    let unused = "host server cannot be crashed: it has never run anything";
    assert_eq!(text(server.crash()), unused);
    drop(simulation.spawn("server", pending::<()>()).unwrap());
    assert_eq!(text(server.restart()), "host server cannot be restarted: it runs");
    assert_eq!(text(server.resume()), "host server cannot be resumed: it runs");
    server.pause().unwrap();
    assert_eq!(text(server.pause()), "host server cannot be paused: it is paused");
    assert_eq!(text(server.restart()), "host server cannot be restarted: it is paused");
    server.crash().unwrap();
    assert_eq!(text(server.crash()), "host server cannot be crashed: it is down");
    assert_eq!(text(server.pause()), "host server cannot be paused: it is down");
    assert_eq!(text(server.resume()), "host server cannot be resumed: it is down");
    assert_eq!(
        text(server.restart()),
        "host server cannot be restarted: it has no program to start"
    );
    simulation.run_for(millis(1)).unwrap();
    let error = simulation.spawn("server", pending::<()>()).map(drop);
    assert_eq!(text(error), "host server cannot run a task: it is down");
    simulation.program("other", server_of_nothing).unwrap();
    let error = simulation.program("other", server_of_nothing);
    assert_eq!(text(error), "host other cannot have two programs");
}

async fn server_of_nothing() {}

#[test]
fn a_thousand_crashes_leave_nothing_behind() {
    let _watchdog = watchdog();
    let world = World::new(1);
    let mut simulation = Simulation::in_world(world.clone());
    simulation.program("server", server).unwrap();
    let server = world.host("server");
    for _ in 0..1000 {
        let asked = simulation.spawn("client", ask_until_answered()).unwrap();
        simulation.block_on(asked).unwrap();
        server.crash().unwrap();
        simulation.run_for(millis(10)).unwrap();
        assert_eq!(world.open_sockets(), 0);
        server.restart().unwrap();
    }
    // The client has closed its ends. Their last packets are answered after a restart.
    simulation.run_for(Duration::from_secs(60)).unwrap();
    assert_eq!((world.open_sockets(), world.open_connections()), (1, 0));
}

/// A path is free after the restart, as if it were in a folder that a boot empties.
#[test]
fn a_restarted_program_binds_its_unix_socket_again() {
    let _watchdog = watchdog();
    let mut simulation = Simulation::new(1);
    simulation
        .program("server", || async {
            let listener = UnixListener::bind("/run/server").unwrap();
            let _datagrams = UnixDatagram::bind("\0server").unwrap();
            let _client = UnixStream::connect("/run/server").await.unwrap();
            listener.accept().await.unwrap();
            std::future::pending::<()>().await;
        })
        .unwrap();
    simulation.run_for(Duration::from_secs(1)).unwrap();
    let server = simulation.world().host("server");
    assert_eq!(simulation.world().open_sockets(), 3, "{}", simulation.world().netstat());
    server.crash().unwrap();
    simulation.run_for(Duration::from_secs(1)).unwrap();
    assert_eq!(simulation.world().open_sockets(), 0);
    server.restart().unwrap();
    simulation.run_for(Duration::from_secs(1)).unwrap();
    assert_eq!(simulation.world().open_sockets(), 3, "{}", simulation.world().netstat());
}
