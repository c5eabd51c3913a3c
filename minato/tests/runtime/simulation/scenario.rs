//! Scenarios: what fails a run, and what does not.

use std::any::Any;
use std::cell::Cell;
use std::io;
use std::rc::Rc;
use std::sync::Mutex;
use std::time::Duration;

use minato::io::{AsyncReadExt, AsyncWriteExt};
use minato::net::{TcpListener, TcpStream};
use minato::sim::{self, Failure, Fault, FaultKind, Leak, Plan, Scenario, Swarm};
use minato::time::sleep;

const MILLI: Duration = Duration::from_millis(1);

/// Answers each byte with the next one.
async fn successor() -> io::Result<()> {
    let listener = TcpListener::bind("0.0.0.0:7000").await?;
    loop {
        let (mut stream, _) = listener.accept().await?;
        minato::spawn(async move {
            let mut byte = [0];
            while stream.read(&mut byte).await? > 0 {
                stream.write_all(&[byte[0].wrapping_add(1)]).await?;
            }
            io::Result::Ok(())
        });
    }
}

/// Asks so often, with a pause after each answer.
async fn ask(times: u8) -> io::Result<()> {
    let mut stream = TcpStream::connect("server:7000").await?;
    for sent in 0..times {
        stream.write_all(&[sent]).await?;
        let mut byte = [0];
        stream.read_exact(&mut byte).await?;
        assert_eq!(byte, [sent + 1]);
        sleep(50 * MILLI).await;
    }
    Ok(())
}

/// A right service, and a client of it.
fn echo(sim: &mut Scenario) {
    sim.host("server", |_| successor());
    sim.client("client", |_| ask(20));
    sim.must_finish_within(Duration::from_secs(60));
}

/// The failure of one seed of a scenario.
fn failure(scenario: impl Fn(&mut Scenario) + Send + Sync + 'static) -> Failure {
    sim::sweep(scenario).seeds(0..1).try_run().expect_err("the scenario is to fail")
}

/// Fails unless the text has all of these.
#[track_caller]
fn assert_says(failure: &Failure, parts: &[&str]) {
    let text = failure.to_string();
    for part in parts {
        assert!(text.contains(part), "`{part}` is not in:\n{text}");
    }
}

#[test]
fn a_right_service_survives_faults_of_every_kind() {
    let swept = |sim: &mut Scenario| {
        echo(sim);
        // A client has to live with the end of its connection, and this one does not.
        let over = [FaultKind::Reset, FaultKind::Crash, FaultKind::AcceptError];
        let swarm = over.into_iter().fold(Swarm::all(), Swarm::except);
        sim.faults(swarm.except(FaultKind::Descriptors).except(FaultKind::Dns));
    };
    let report = sim::sweep(swept).seeds(0..200).try_run().unwrap();
    assert_eq!((report.seeds(), report.failed()), (200, 0));
    assert!(report.simulated() > Duration::from_secs(200), "{report}");
    assert!(report.struck(FaultKind::Cut) > 50, "{report}");
    assert_eq!(report.struck(FaultKind::Reset), 0, "{report}");
}

#[test]
fn a_program_that_returns_an_error_fails_the_run() {
    let client = failure(|sim| {
        sim.client("client", |_| async { TcpStream::connect("client:1").await.map(drop) });
    });
    assert_says(&client, &["failed with 1 of 1 seeds: client client: Connection refused"]);
    let server = failure(|sim| {
        echo(sim);
        sim.host("other", |_| async {
            sleep(100 * MILLI).await;
            Err::<(), _>("out of paper")
        });
    });
    assert_says(&server, &["failed with 1 of 1 seeds: host other: out of paper"]);
}

#[test]
fn a_check_fails_at_its_instant() {
    let failure = failure(|sim| {
        echo(sim);
        sim.always(|world| match world.now() {
            now if now < 300 * MILLI => Ok(()),
            _ => Err("it is late\nand dark"),
        });
    });
    assert_says(&failure, &["seeds: it is late\n", "and at 0.3", "it is late", "and dark"]);
}

#[test]
fn a_check_at_the_end_sees_what_the_clients_did() {
    let scenario = |expected| {
        move |sim: &mut Scenario| {
            let rounds = Rc::new(Cell::new(0));
            let counted = rounds.clone();
            echo(sim);
            sim.client("counter", |_| async move {
                for _ in 0..7 {
                    sleep(MILLI).await;
                    counted.set(counted.get() + 1);
                }
            });
            sim.finally(move || match rounds.get() {
                rounds if rounds == expected => Ok(()),
                rounds => Err(format!("{rounds} rounds")),
            });
        }
    };
    sim::sweep(scenario(7)).seeds(0..3).try_run().unwrap();
    assert_says(&failure(scenario(8)), &["failed with 1 of 1 seeds: 7 rounds"]);
}

#[test]
fn replicas_have_time_to_recover_before_the_last_check() {
    let scenario = |time| {
        move |sim: &mut Scenario| {
            let done = Rc::new(Cell::new(false));
            let at_end = done.clone();
            sim.host("slow", move |_| {
                let done = done.clone();
                async move {
                    sleep(500 * MILLI).await;
                    done.set(true);
                }
            });
            sim.client("client", |_| async {});
            sim.recover_for(time);
            sim.finally(move || at_end.get().then_some(()).ok_or("not yet"));
        }
    };
    sim::sweep(scenario(600 * MILLI)).seeds(0..1).try_run().unwrap();
    assert_says(&failure(scenario(400 * MILLI)), &["not yet"]);
}

#[test]
fn a_stuck_run_names_who_waits() {
    let failure = failure(|sim| {
        sim.host("server", |_| async {
            let listener = TcpListener::bind("0.0.0.0:7000").await?;
            let accepted = listener.accept().await?;
            std::future::pending::<()>().await;
            drop(accepted);
            io::Result::Ok(())
        });
        sim.client("client", |_| ask(1));
        sim.client("quick", |_| async {});
    });
    assert_says(
        &failure,
        &[
            "seeds: nothing can go on, and client has not ended\n",
            "host server: tasks that are alive: 1",
            "ESTABLISHED receive-queue 1 ",
        ],
    );
}

#[test]
fn a_run_that_goes_on_for_ever_ends_at_its_limit() {
    let ticking = |plan: Plan| {
        let scenario = |sim: &mut Scenario| {
            sim.host("clock", |_| async {
                loop {
                    sleep(100 * MILLI).await;
                }
            });
            sim.client("one", |_| std::future::pending::<()>());
            sim.client("two", |_| std::future::pending::<()>());
            sim.must_finish_within(Duration::from_secs(5));
        };
        sim::sweep(scenario).seeds(0..1).plan(plan).try_run().unwrap_err()
    };
    let failure = ticking(Plan::new());
    assert_says(&failure, &["5s of virtual time, one, two have not ended"]);
    let cut = Fault::cut("one", "two").at(Duration::ZERO).lasting(Duration::from_secs(2));
    let failure = ticking(Plan::from([cut]));
    assert_says(&failure, &["not ended"]);
}

#[test]
fn faults_heal_and_then_the_service_must_recover() {
    // Without the healing nobody would get through.
    let healed = |lasts: u64| {
        let plan = Fault::partition("client", "server").at(Duration::ZERO);
        let plan = Plan::from([plan.lasting(Duration::from_secs(lasts))]);
        sim::sweep(echo).seeds(0..1).plan(plan).try_run()
    };
    let report = healed(30).unwrap();
    assert!(report.simulated() > Duration::from_secs(30), "{report}");
    assert!(report.simulated() < Duration::from_secs(33), "what waits tries again at once");
    assert!(report.struck(FaultKind::Cut) > 3, "{report}");
    // After 127 seconds a connect gives up.
    assert_says(&healed(200).unwrap_err(), &["client client: Connection timed out"]);
}

#[test]
fn a_panic_anywhere_fails_the_run_and_names_its_place() {
    struct PanicsWhenDropped;
    impl Drop for PanicsWhenDropped {
        fn drop(&mut self) {
            panic!("dropped");
        }
    }
    let here =
        |text: &str| format!("panicked at minato/tests/runtime/simulation/scenario.rs:{text}");
    let in_task = failure(|sim| {
        sim.client("client", |_| async {
            drop(minato::spawn(async { panic!("in a task") }));
            sleep(MILLI).await;
        });
    });
    assert_says(&in_task, &[&here(""), ": in a task\n"]);
    let in_program = failure(|sim| {
        sim.client("client", |_| async { panic!("in a program") });
    });
    assert_says(&in_program, &[&here(""), ": in a program\n"]);
    let in_check = failure(|sim| {
        echo(sim);
        sim.always(|world| assert!(world.now() < 20 * MILLI, "in a check"));
    });
    assert_says(&in_check, &[&here(""), ": in a check\n"]);
    let in_destructor = failure(|sim| {
        sim.host("server", |_| async {
            let _held = PanicsWhenDropped;
            std::future::pending::<()>().await;
        });
        sim.client("client", |_| sleep(MILLI));
    });
    assert_says(&in_destructor, &[&here(""), ": dropped\n"]);
    let joined = |sim: &mut Scenario| {
        sim.client("client", |_| async {
            assert!(minato::spawn(async { panic!("joined") }).await.is_err());
        });
    };
    assert_says(&failure(joined), &[": joined\n"]);
    let tolerant = move |sim: &mut Scenario| {
        joined(sim);
        sim.tolerate_panics();
    };
    sim::sweep(tolerant).seeds(0..1).try_run().unwrap();
}

/// A server that takes connections, and does something with each.
fn serving<F: Future<Output = ()>>(serve: fn(TcpStream) -> F) -> impl AsyncFn() -> io::Result<()> {
    async move || {
        let listener = TcpListener::bind("0.0.0.0:7000").await?;
        loop {
            serve(listener.accept().await?.0).await;
        }
    }
}

/// Keeps something beyond the end of a run. It is not forgotten: to AddressSanitizer that would be
/// a leak of the test's.
fn keep(left: impl Send + 'static) {
    static KEPT: Mutex<Vec<Box<dyn Any + Send>>> = Mutex::new(Vec::new());
    KEPT.lock().unwrap().push(Box::new(left));
}

#[test]
fn what_is_left_at_the_end_has_leaked() {
    fn left(program: fn() -> std::pin::Pin<Box<dyn Future<Output = ()>>>) -> Failure {
        failure(move |sim| {
            sim.host("server", move |_| program());
            sim.client("client", |_| sleep(100 * MILLI));
        })
    }
    let task = left(|| {
        Box::pin(async {
            drop(minato::spawn(std::future::pending::<()>()));
            std::future::pending::<()>().await;
        })
    });
    assert_says(&task, &["seeds: leak: host server: task ", "spawned at minato/tests/"]);
    let socket = left(|| {
        Box::pin(async {
            keep(TcpListener::bind("0.0.0.0:7000").await.unwrap());
        })
    });
    assert_says(&socket, &["leak: host server: the socket 0.0.0.0:7000 > * is open"]);
    let timer = left(|| {
        Box::pin(async {
            let mut timer = Box::pin(sleep(Duration::from_secs(100_000)));
            std::future::poll_fn(|cx| {
                assert!(timer.as_mut().poll(cx).is_pending());
                std::task::Poll::Ready(())
            })
            .await;
            keep(timer);
        })
    });
    assert_says(&timer, &["leak: host server: a timer waits, and no task is alive"]);
}

#[test]
fn bytes_that_nobody_reads_have_leaked() {
    let unread = |sim: &mut Scenario| {
        sim.host("server", |_| async {
            serving(|mut stream| async move {
                _ = stream.read_exact(&mut [0]).await;
                // It should read on, and does not.
                std::future::pending::<()>().await;
            })()
            .await
        });
        sim.client("client", |_| async {
            let mut stream = TcpStream::connect("server:7000").await?;
            stream.write_all(b"hello").await
        });
    };
    assert_says(
        &failure(unread),
        &["leak: host server: the socket ", " has 4 bytes that nobody reads"],
    );
    let allowed = |leak: Leak, host: &'static str| {
        move |sim: &mut Scenario| {
            unread(sim);
            sim.allow_leak_of(host, leak);
        }
    };
    sim::sweep(allowed(Leak::Unread, "server")).seeds(0..1).try_run().unwrap();
    assert_says(&failure(allowed(Leak::Unread, "client")), &["nobody reads"]);
    assert_says(&failure(allowed(Leak::Task, "server")), &["nobody reads"]);
    let unaccepted = |sim: &mut Scenario| {
        sim.host("server", |_| async {
            let listener = TcpListener::bind("0.0.0.0:7000").await;
            std::future::pending::<()>().await;
            drop(listener);
        });
        sim.client("client", |_| async { TcpStream::connect("server:7000").await.map(drop) });
    };
    assert_says(&failure(unaccepted), &["has 1 connections that nobody accepts"]);
}
