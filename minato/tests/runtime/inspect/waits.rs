//! What a look says of tasks: who they are, what they do, and what would wake them.

use std::future::pending;
use std::sync::mpsc;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use minato::engine::{Engine, Interest};
use minato::inspect::{TaskState, Wait, snapshot};
use minato::io::{AsyncReadExt, AsyncWriteExt};
use minato::net::{TcpListener, TcpStream, UdpSocket, UnixStream};
use minato::runtime::{Builder, LocalOptions, Runtime};
use minato::sim::{Simulation, World};
use minato::task::{JoinSet, LocalSet};
use minato::time::sleep;

use super::{find, seen, wait_until};
use crate::kit::{current_thread, multi_thread, watchdog};

/// Runs `body` with a runtime of two workers, and with a current-thread runtime that runs its
/// tasks on another thread.
fn on_both(body: impl Fn(&Runtime)) {
    let _watchdog = watchdog();
    body(&multi_thread(2));
    let runtime = current_thread();
    std::thread::scope(|scope| {
        let (end, ended) = futures::channel::oneshot::channel::<()>();
        scope.spawn(|| runtime.block_on(async { _ = ended.await }));
        // Dropped by a panic too, so that the thread ends.
        let _end = end;
        body(&runtime);
    });
}

#[test]
fn a_task_says_who_it_is() {
    on_both(|runtime| {
        let (id, line) = (runtime.spawn(pending::<()>()).id(), line!());
        let seen = wait_until(runtime.handle(), id, |seen| seen.state == TaskState::Waiting);
        assert_eq!((seen.spawned_at.line(), seen.is_blocking), (line, false));
        assert!(seen.spawned_at.file().ends_with("waits.rs"), "{}", seen.spawned_at);
        assert!(seen.name.contains("Pending"), "{}", seen.name);
        // A wait for what nobody knows of.
        assert!(seen.waits.is_empty());
        let text = format!("task id={id} state=waiting blocking=false spawned_at=");
        assert!(seen.to_string().starts_with(&text), "{seen}");
    });
}

#[test]
fn a_function_that_is_spawned_gives_its_name() {
    async fn large_and_named() {
        let large = [1_u8; 4096];
        pending::<()>().await;
        std::hint::black_box(&large);
    }
    on_both(|runtime| {
        let id = runtime.spawn(large_and_named()).id();
        let name = wait_until(runtime.handle(), id, |_| true).name;
        assert!(name.contains("large_and_named"), "{name}");
    });
}

#[test]
fn a_socket_is_named_with_both_addresses_and_the_direction() {
    on_both(|runtime| {
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let accepting = runtime.spawn(async move { listener.accept().await.unwrap().0 });
        let waits = |id| wait_until(runtime.handle(), id, |seen| !seen.waits.is_empty()).waits;
        let socket = |wait: &Wait| match wait {
            Wait::Socket { kind, local, peer, interest, descriptor } => {
                assert!(descriptor.is_some());
                (*kind, local.clone(), peer.clone(), *interest)
            }
            other => panic!("{other:?}"),
        };
        let [wait] = &waits(accepting.id())[..] else { panic!("one wait") };
        let expected = ("tcp", Some(address.to_string()), None, Interest::READABLE);
        assert_eq!(socket(wait), expected);

        let mut client = runtime.block_on(TcpStream::connect(address)).unwrap();
        let server = runtime.block_on(accepting).unwrap();
        let (own, peer) = (client.local_addr().unwrap(), server.local_addr().unwrap());
        let reading = runtime.spawn(async move {
            client.read(&mut [0; 8]).await.unwrap();
            // The connection stays, and what comes after that is not read.
            pending::<()>().await;
        });
        let [wait] = &waits(reading.id())[..] else { panic!("one wait") };
        let expected = ("tcp", Some(own.to_string()), Some(peer.to_string()), Interest::READABLE);
        assert_eq!(socket(wait), expected);

        let mut full = server;
        let writing = runtime.spawn(async move { full.write_all(&vec![0; 64 << 20]).await });
        let [wait] = &waits(writing.id())[..] else { panic!("one wait") };
        let expected = ("tcp", Some(peer.to_string()), Some(own.to_string()), Interest::WRITABLE);
        assert_eq!(socket(wait), expected);
        let text = format!(r#"local="{peer}" peer="{own}""#);
        let is_line =
            |line: &str| line.contains(" kind=tcp events=write ") && line.ends_with(&text);
        assert!(snapshot().to_string().lines().any(is_line), "{}", snapshot());
        drop(reading);
        writing.abort();
        assert!(runtime.block_on(writing).is_err());
    });
}

#[test]
fn datagrams_and_unix_sockets_are_told_apart() {
    on_both(|runtime| {
        let udp = runtime.block_on(UdpSocket::bind("127.0.0.1:0")).unwrap();
        let address = udp.local_addr().unwrap().to_string();
        let id = runtime.spawn(async move { udp.recv(&mut [0; 8]).await }).id();
        let seen = wait_until(runtime.handle(), id, |seen| !seen.waits.is_empty());
        let Wait::Socket { kind: "udp", local: Some(local), peer: None, .. } = &seen.waits[0]
        else {
            panic!("{:?}", seen.waits)
        };
        assert_eq!(*local, address);

        let (mut one, _two) = UnixStream::pair().unwrap();
        let id = runtime.spawn(async move { one.read(&mut [0; 8]).await }).id();
        let seen = wait_until(runtime.handle(), id, |seen| !seen.waits.is_empty());
        assert!(matches!(&seen.waits[0], Wait::Socket { kind: "unix", local: None, .. }));
    });
}

#[test]
fn a_timer_is_named_with_its_deadline() {
    on_both(|runtime| {
        let hour = Duration::from_secs(3600);
        let id = runtime.spawn(sleep(hour)).id();
        let seen = wait_until(runtime.handle(), id, |seen| !seen.waits.is_empty());
        let [Wait::Timer { left }] = seen.waits[..] else { panic!("{:?}", seen.waits) };
        assert!(left <= hour + Duration::from_millis(1) && left > hour / 2, "{left:?}");
    });
}

#[test]
fn a_join_names_the_task() {
    on_both(|runtime| {
        let first = runtime.spawn(pending::<()>());
        let (end, id) = (first.abort_handle(), first.id());
        let second = runtime.spawn(first);
        let seen = wait_until(runtime.handle(), second.id(), |seen| !seen.waits.is_empty());
        assert_eq!(seen.waits, [Wait::Join { task: id }]);
        end.abort();
        assert!(runtime.block_on(second).unwrap().is_err());
    });
}

#[test]
fn a_set_is_joined_by_all_its_tasks() {
    on_both(|runtime| {
        let handle = runtime.handle().clone();
        let (sender, receiver) = mpsc::channel();
        let joining = runtime.spawn(async move {
            let mut set = JoinSet::new();
            for _ in 0..3 {
                sender.send(set.spawn(pending::<()>()).id()).unwrap();
            }
            set.join_next().await
        });
        let mut tasks: Vec<_> = receiver.iter().take(3).collect();
        let seen = wait_until(&handle, joining.id(), |seen| seen.waits.len() == 3);
        let joined = |wait: &Wait| match wait {
            Wait::Join { task } => *task,
            other => panic!("{other:?}"),
        };
        let mut joined: Vec<_> = seen.waits.iter().map(joined).collect();
        tasks.sort();
        joined.sort();
        assert_eq!(tasks, joined);
    });
}

#[test]
fn several_waits_of_one_task_are_all_there() {
    on_both(|runtime| {
        let udp = runtime.block_on(UdpSocket::bind("127.0.0.1:0")).unwrap();
        let joined = runtime.spawn(pending::<()>());
        let id = runtime.spawn(async move {
            let mut buf = [0; 8];
            let (receive, sleep) = (Box::pin(udp.recv(&mut buf)), Box::pin(sleep(Duration::MAX)));
            // As `select!` does: all of them are polled with the task's own waker.
            let (mut receive, mut sleep, mut joined) = (receive, sleep, Box::pin(joined));
            std::future::poll_fn(|cx| {
                use std::future::Future;
                assert!(receive.as_mut().poll(cx).is_pending());
                assert!(sleep.as_mut().poll(cx).is_pending());
                assert!(joined.as_mut().poll(cx).is_pending());
                std::task::Poll::<()>::Pending
            })
            .await;
        });
        let seen = wait_until(runtime.handle(), id.id(), |seen| seen.waits.len() == 3);
        let has = |wanted: fn(&Wait) -> bool| seen.waits.iter().any(wanted);
        assert!(has(|wait| matches!(wait, Wait::Socket { .. })), "{seen}");
        assert!(has(|wait| matches!(wait, Wait::Timer { .. })), "{seen}");
        assert!(has(|wait| matches!(wait, Wait::Join { .. })), "{seen}");
    });
}

#[test]
fn a_waker_that_others_wrap_is_not_recognized() {
    on_both(|runtime| {
        let id = runtime.spawn(async {
            let mut set: FuturesUnordered<_> =
                [sleep(Duration::from_secs(3600))].into_iter().collect();
            set.next().await
        });
        let seen = wait_until(runtime.handle(), id.id(), |seen| seen.state == TaskState::Waiting);
        assert_eq!(seen.waits, []);
    });
}

#[test]
fn a_socket_of_the_background_reactor_is_found_too() {
    let _watchdog = watchdog();
    let runtime = multi_thread(1);
    // Registered outside the runtime, and then waited for within it.
    let udp = pollster::block_on(UdpSocket::bind("127.0.0.1:0")).unwrap();
    let polled = pollster::block_on(async { futures::poll!(std::pin::pin!(udp.readable())) });
    assert!(polled.is_pending());
    let id = runtime.spawn(async move { udp.recv(&mut [0; 8]).await }).id();
    let seen = wait_until(runtime.handle(), id, |seen| !seen.waits.is_empty());
    assert!(matches!(&seen.waits[0], Wait::Socket { kind: "udp", .. }), "{seen}");
    assert!(!snapshot().reactors.is_empty());
}

#[test]
fn running_and_ready_tasks_and_blocking_jobs() {
    let _watchdog = watchdog();
    let runtime = multi_thread(1);
    let (release, released) = mpsc::channel::<()>();
    let (started, has_started) = mpsc::channel();
    let running = runtime.spawn(async move {
        started.send(()).unwrap();
        _ = released.recv();
    });
    has_started.recv().unwrap();
    // The only worker is busy.
    let ready = runtime.spawn(async {});
    let state = |task| seen(runtime.handle(), task).map(|seen| seen.state);
    assert_eq!(state(running.id()), Some(TaskState::Running));
    assert_eq!(state(ready.id()), Some(TaskState::Ready));
    let look = snapshot();
    let view = look.runtime(runtime.handle().id()).unwrap();
    assert_eq!(view.workers[0].polled, Some(running.id()));
    assert_eq!((view.alive_tasks, view.spawned_tasks, view.global_queue_depth), (2, 2, 1));
    drop(release);
    runtime.block_on(async { (running.await.unwrap(), ready.await.unwrap()) });

    let (release, released) = mpsc::channel::<()>();
    let job = runtime.spawn_blocking(move || _ = released.recv());
    let seen = wait_until(runtime.handle(), job.id(), |seen| seen.state == TaskState::Running);
    assert!(seen.is_blocking && seen.to_string().contains(" blocking=true "), "{seen}");
    drop(release);
    runtime.block_on(job).unwrap();
    assert!(super::seen(runtime.handle(), seen.id).is_none());
}

#[test]
fn the_tasks_of_a_local_set_and_of_a_local_runtime() {
    let _watchdog = watchdog();
    let set = LocalSet::new();
    let hour = Duration::from_secs(3600);
    let task = set.spawn_local(sleep(hour));
    pollster::block_on(set.run_until(minato::task::yield_now()));
    let found = find(|look| look.local_tasks.iter().find(|seen| seen.id == task.id()).cloned());
    assert!(matches!(found.waits[..], [Wait::Timer { .. }]), "{found}");
    drop(set);
    assert!(!snapshot().local_tasks.iter().any(|seen| seen.id == found.id));

    let runtime = Builder::new_current_thread().build_local(LocalOptions::default()).unwrap();
    let id = runtime.spawn_local(sleep(hour)).id();
    runtime.block_on(minato::task::yield_now());
    let seen = seen(runtime.handle(), id).unwrap();
    assert!(matches!(seen.waits[..], [Wait::Timer { .. }]), "{seen}");
}

#[test]
fn a_look_into_a_simulated_world() {
    let mut simulation = Simulation::new(7);
    simulation
        .spawn("server", async {
            let listener = TcpListener::bind("0.0.0.0:7000").await?;
            let (mut stream, _) = listener.accept().await?;
            stream.read(&mut [0; 8]).await
        })
        .unwrap();
    let client = simulation
        .spawn("client", async {
            let _stream = TcpStream::connect("server:7000").await.unwrap();
            sleep(Duration::from_secs(1)).await;
            let look = snapshot();
            let server = look.runtimes.iter().find(|it| it.host.as_deref() == Some("server"));
            server.unwrap().tasks[0].clone()
        })
        .unwrap();
    let seen = simulation.block_on(client).unwrap();
    let [Wait::Socket { kind: "tcp", local: Some(local), peer: Some(_), .. }] = &seen.waits[..]
    else {
        panic!("{seen}")
    };
    assert!(local.ends_with(":7000"), "{local}");
}

#[test]
fn a_look_keeps_nothing_alive() {
    let _watchdog = watchdog();
    let runtime = multi_thread(1);
    let (alive, is_alive) = futures::channel::oneshot::channel::<()>();
    let task = runtime.spawn(async move {
        let _alive = alive;
        pending::<()>().await;
    });
    let look = wait_until(runtime.handle(), task.id(), |_| true);
    task.abort();
    assert!(pollster::block_on(is_alive).is_err(), "its future is gone");
    assert!(pollster::block_on(task).unwrap_err().is_cancelled());
    drop(look);
    let id = runtime.handle().id();
    drop(runtime);
    assert!(snapshot().runtime(id).is_none());
    let world = World::new(1);
    let builder = Builder::new_current_thread().engine(Engine::sim(world.host("alone"))).build();
    let id = builder.unwrap().handle().id();
    assert!(snapshot().runtime(id).is_none());
}
