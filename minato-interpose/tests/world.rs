//! What std and the C library answer in a simulated world, in a program that calls `interpose!`.

use std::collections::HashMap;
use std::ffi::{CStr, c_long};
use std::io::{ErrorKind, IoSlice, IoSliceMut, Read, Write};
use std::net::{Shutdown, ToSocketAddrs};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use std::{fs, io, net, thread};

use minato::net::{TcpListener, TcpSocket, TcpStream, UdpSocket};
use minato::sim::{self, Host, Offset, Scenario, Simulation, World};
use minato::time::sleep;

minato::sim::interpose!();

const HOUR: Duration = Duration::from_secs(3600);

/// Runs a program on a host in the world of a seed.
fn on_a_host<T: Send + 'static, F: Future<Output = T> + 'static>(
    seed: u64,
    program: impl FnOnce() -> F + Send,
) -> io::Result<T> {
    sim::run(World::new(seed), |simulation| {
        let task = simulation.spawn("ship", program())?;
        Ok(simulation.run_until(task)??)
    })
}

#[test]
fn clocks_show_the_time_of_the_world() {
    on_a_host(1, || async {
        let (begin, date) = (Instant::now(), SystemTime::now());
        sleep(HOUR).await;
        assert_eq!((begin.elapsed(), date.elapsed().unwrap()), (HOUR, HOUR));
        // By the other functions of the C library, and by number.
        let since = date.duration_since(UNIX_EPOCH).unwrap() + HOUR;
        let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        let mut day = libc::timeval { tv_sec: 0, tv_usec: 0 };
        // SAFETY: there is room for what each call writes.
        let seconds = unsafe {
            let clock = c_long::from(libc::CLOCK_REALTIME);
            assert_eq!(libc::syscall(libc::SYS_clock_gettime, clock, &raw mut time), 0);
            assert_eq!(libc::gettimeofday(&raw mut day, std::ptr::null_mut()), 0);
            libc::time(std::ptr::null_mut())
        };
        let seen = Duration::new(time.tv_sec as u64, time.tv_nsec as u32);
        assert_eq!(seen, since);
        assert_eq!((day.tv_sec, seconds), (since.as_secs() as i64, since.as_secs() as i64));
    })
    .unwrap();
}

#[test]
fn a_sleep_of_std_lets_the_time_of_the_world_pass() {
    let really = Instant::now();
    on_a_host(1, || async {
        let begin = minato::time::Instant::now();
        let timer = minato::spawn(sleep(HOUR / 2));
        thread::sleep(HOUR);
        assert_eq!(begin.elapsed(), HOUR);
        timer.await.unwrap();
        sleep(HOUR).await;
        assert_eq!(begin.elapsed(), 2 * HOUR);
    })
    .unwrap();
    assert!(really.elapsed() < HOUR);
}

#[test]
fn clocks_are_those_of_the_host_which_may_be_wrong() {
    let ahead = Duration::from_secs(60);
    let mut simulation = Simulation::new(1).with_time_limit(100 * HOUR);
    let host = simulation.world().host("ship");
    host.skew(Offset::Ahead(ahead), 100_000).unwrap();
    let task = simulation.spawn("ship", async move {
        let (begin, date) = (Instant::now(), SystemTime::now());
        assert_eq!(date.duration_since(UNIX_EPOCH).unwrap(), World::BEGIN + ahead);
        // For 11 hours of its own.
        thread::sleep(11 * HOUR);
        assert_eq!((begin.elapsed(), date.elapsed().unwrap()), (11 * HOUR, 11 * HOUR));
        host.set_wall_clock(Offset::NONE);
        assert_eq!(date.elapsed().unwrap(), 10 * HOUR - ahead);
        host.world().now()
    });
    assert_eq!(simulation.run_until(task.unwrap()).unwrap().unwrap(), 10 * HOUR);
    // Another host's clock is right.
    let other = simulation.spawn("harbour", async { SystemTime::now() });
    let seen = simulation.run_until(other.unwrap()).unwrap().unwrap();
    assert_eq!(seen.duration_since(UNIX_EPOCH).unwrap(), World::BEGIN + 10 * HOUR);
}

#[test]
fn a_look_up_takes_as_long_as_the_world_says() {
    let second = Duration::from_secs(1);
    on_a_host(1, move || async move {
        let world = sim::world().unwrap();
        world.host("harbour");
        world.dns().delay(5 * second).unwrap();
        let begin = Instant::now();
        assert_eq!(("harbour", 80).to_socket_addrs().unwrap().count(), 1);
        assert_eq!(begin.elapsed(), 5 * second);
    })
    .unwrap();
}

/// Random numbers by every way to them.
fn random() -> (Vec<u32>, [[u8; 16]; 3]) {
    let order = (0..40).map(|key| (key, ())).collect::<HashMap<u32, ()>>().into_keys().collect();
    let mut bytes = [[0; 16]; 3];
    let [one, two, three] = bytes.each_mut().map(|bytes| bytes.as_mut_ptr());
    // SAFETY: each has room for 16 bytes.
    unsafe {
        assert_eq!(libc::getrandom(one.cast(), 16, 0), 16);
        assert_eq!(libc::syscall(libc::SYS_getrandom, two, 16_usize, 0_usize), 16);
        assert_eq!(libc::getentropy(three.cast(), 16), 0);
    }
    (order, bytes)
}

#[test]
fn the_seed_decides_random_numbers_and_the_order_of_hash_maps() {
    let drawn = |seed| on_a_host(seed, || async { random() }).unwrap();
    let (order, bytes) = drawn(1);
    assert_eq!((order.clone(), bytes), drawn(1));
    let (other, others) = drawn(2);
    assert_ne!(order, other);
    for (index, bytes) in bytes.into_iter().enumerate() {
        assert!(!others.contains(&bytes), "{index} is the same with another seed");
        assert_ne!(bytes, [0; 16]);
    }
}

#[test]
fn names_are_those_of_the_world() {
    let seen = on_a_host(1, || async {
        sim::world().unwrap().host("harbour");
        let mut name = [0; 64];
        // SAFETY: there is room for 64 bytes, and the text ends.
        let own = unsafe {
            assert_eq!(libc::gethostname(name.as_mut_ptr(), name.len()), 0);
            CStr::from_ptr(name.as_ptr()).to_str().unwrap().to_owned()
        };
        let found: Vec<_> = ("harbour", 80).to_socket_addrs().unwrap().collect();
        (own, found, ("nowhere.example", 80).to_socket_addrs().is_err())
    });
    let (own, found, is_unknown) = seen.unwrap();
    assert_eq!(own, "ship");
    assert_eq!(found, ["10.0.0.2:80".parse().unwrap()]);
    assert!(is_unknown);
}

#[test]
fn a_host_has_one_processor() {
    let count = || thread::available_parallelism().unwrap().get();
    assert_eq!(on_a_host(1, || async move { count() }).unwrap(), 1);
}

#[test]
fn other_threads_have_the_systems_answers() {
    let seen = on_a_host(1, || async {
        let (begin, drawn) = (Instant::now(), random().1);
        let elsewhere = thread::spawn(move || {
            let listener = net::TcpListener::bind("127.0.0.1:0").unwrap();
            let mut client = net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let mut server = listener.accept().unwrap().0;
            client.write_all(b"real").unwrap();
            let mut read = [0; 4];
            server.read_exact(&mut read).unwrap();
            assert_eq!(&read, b"real");
            let real = Instant::now();
            thread::sleep(Duration::from_millis(1));
            (real.elapsed(), random().1)
        });
        let (passed, drawn_elsewhere) = elsewhere.join().unwrap();
        assert_eq!(begin.elapsed(), Duration::ZERO);
        (passed, drawn, drawn_elsewhere)
    });
    let (passed, drawn, drawn_elsewhere) = seen.unwrap();
    assert!(passed >= Duration::from_millis(1));
    assert_ne!(drawn, drawn_elsewhere);
}

type Use = (&'static str, fn() -> io::Result<()>);

fn listening() -> net::TcpListener {
    net::TcpListener::bind("127.0.0.1:80").unwrap()
}

fn datagrams() -> net::UdpSocket {
    let socket = net::UdpSocket::bind("127.0.0.1:53").unwrap();
    socket.connect("127.0.0.1:54").unwrap();
    socket
}

/// A stream of the system's that nobody has connected.
fn stream() -> net::TcpStream {
    let socket = socket2::Socket::new(socket2::Domain::IPV6, socket2::Type::STREAM, None).unwrap();
    socket.into()
}

/// What std does with sockets, and the call by which it does.
const USES: [Use; 15] = [
    ("accept4", || listening().accept().map(drop)),
    ("connect to 127.0.0.1:9", || net::TcpStream::connect("127.0.0.1:9").map(drop)),
    ("poll", || net::TcpStream::connect_timeout(&"127.0.0.1:9".parse().unwrap(), HOUR).map(drop)),
    ("recv", || stream().read(&mut [0; 9]).map(drop)),
    ("recv", || stream().peek(&mut [0; 9]).map(drop)),
    ("readv", || stream().read_vectored(&mut [IoSliceMut::new(&mut [0; 9])]).map(drop)),
    ("send", || stream().write(b"out").map(drop)),
    ("writev", || stream().write_vectored(&[IoSlice::new(b"out")]).map(drop)),
    ("shutdown", || stream().shutdown(Shutdown::Write)),
    ("read", || fs::File::from(OwnedFd::from(stream())).read(&mut [0; 9]).map(drop)),
    ("write", || fs::File::from(OwnedFd::from(stream())).write(b"out").map(drop)),
    ("recvfrom", || datagrams().recv_from(&mut [0; 9]).map(drop)),
    ("recv", || datagrams().recv(&mut [0; 9]).map(drop)),
    ("sendto", || datagrams().send_to(b"out", "127.0.0.1:9").map(drop)),
    ("send", || datagrams().send(b"out").map(drop)),
];

#[test]
fn a_socket_of_std_that_is_used_is_an_error_that_names_the_call_and_the_host() {
    for (call, using) in USES {
        // Also if the program goes on as if nothing had happened.
        let seen = on_a_host(1, move || async move {
            assert_eq!(using().unwrap_err().kind(), ErrorKind::Unsupported, "{call}");
        });
        let error = seen.unwrap_err().to_string();
        assert!(
            error.contains(&format!("host ship has called {call} on a socket of std")),
            "{error}"
        );
        // A panic because of it does not hide it.
        let error = on_a_host(1, move || async move { using().unwrap() }).unwrap_err();
        assert!(error.to_string().contains(&format!("has called {call} on")), "{error}");
    }
}

#[test]
fn a_run_can_tolerate_escapes() {
    let mut simulation = Simulation::new(1).tolerating_escapes();
    let task = simulation.spawn("ship", async {
        datagrams().send(b"out").unwrap_err();
        sleep(HOUR).await;
    });
    simulation.run_until(task.unwrap()).unwrap().unwrap();
    assert!(simulation.world().escape().unwrap().contains("has called send on"));
}

#[test]
fn a_wait_that_would_stop_all_hosts_is_an_error() {
    let wait = |timeout: i32| {
        move || async move {
            let (reader, _writer) = io::pipe().unwrap();
            let mut list =
                [libc::pollfd { fd: reader.as_raw_fd(), events: libc::POLLIN, revents: 0 }];
            // SAFETY: the list has one entry.
            unsafe { libc::poll(list.as_mut_ptr(), 1, timeout) }
        }
    };
    let error = on_a_host(1, wait(-1)).unwrap_err().to_string();
    assert!(error.contains("host ship would block its thread in poll"), "{error}");
    assert_eq!(on_a_host(1, wait(0)).unwrap(), 0, "a look is no wait");
    let queue = || async {
        // SAFETY: the call makes a queue, which is owned then, and there is room for an event.
        unsafe {
            let queue = OwnedFd::from_raw_fd(libc::epoll_create1(0));
            let mut event = std::mem::zeroed();
            libc::epoll_wait(queue.as_raw_fd(), &raw mut event, 1, 1000)
        }
    };
    let error = on_a_host(1, queue).unwrap_err().to_string();
    assert!(error.contains("host ship would block its thread in epoll_wait"), "{error}");
    let error = on_a_host(1, || async { thread::sleep(Duration::MAX) }).unwrap_err().to_string();
    assert!(error.contains("host ship sleeps for ever"), "{error}");
}

#[test]
fn a_thread_that_wakes_a_task_is_an_error_that_names_it() {
    let wake = || {
        let (sender, receiver) = futures_channel::oneshot::channel();
        minato::spawn(async move {
            let stranger = thread::Builder::new().name("a stranger".to_owned());
            stranger.spawn(move || sender.send(()).unwrap()).unwrap().join().unwrap();
        });
        receiver
    };
    let error = on_a_host(1, move || async move { wake().await.unwrap() }).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("the thread 'a stranger' has woken a task of the simulated host ship"));
    let mut simulation = Simulation::new(1).tolerating_escapes();
    let task = simulation.spawn("ship", async move { wake().await.unwrap() }).unwrap();
    simulation.run_until(task).unwrap().unwrap();
}

#[test]
fn a_sweep_fails_for_an_escape() {
    let scenario = |tolerates: bool| {
        move |sim: &mut Scenario| {
            sim.client("ship", |_| async {
                datagrams().send(b"out").unwrap_err();
                sleep(HOUR).await;
            });
            if tolerates {
                sim.tolerate_escapes();
            }
        }
    };
    let failure = sim::sweep(scenario(false)).named("escapes").seeds(0..2).try_run().unwrap_err();
    assert!(failure.to_string().contains("host ship has called send on"), "{failure}");
    sim::sweep(scenario(true)).named("escapes").seeds(0..2).run();
}

#[test]
fn a_process_is_not_started() {
    let started = on_a_host(1, || async {
        std::process::Command::new("true").status().map_err(|error| error.kind())
    });
    assert_eq!(started.unwrap(), Err(ErrorKind::Unsupported));
}

/// Two hosts have one port each, which on the machine only one of them could bind.
#[test]
fn a_socket_that_std_sets_up_is_taken_over() {
    async fn serve(host: Host) -> io::Result<()> {
        let std = net::TcpListener::bind("0.0.0.0:80")?;
        assert_eq!(std.local_addr()?.port(), 80);
        let listener = TcpListener::from_std(std)?;
        let (mut stream, _) = listener.accept().await?;
        minato::io::AsyncWriteExt::write_all(&mut stream, host.name().as_bytes()).await
    }
    let mut simulation = Simulation::new(1);
    for name in ["one", "two"] {
        let task = simulation.spawn(name, async { serve(sim::host().unwrap()).await });
        drop(task.unwrap());
    }
    for name in ["one", "two"] {
        let client = simulation.spawn("client", async move {
            let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)?;
            socket.set_nonblocking(true)?;
            let to = (name, 80).to_socket_addrs()?.next().unwrap();
            assert_eq!(
                socket.connect(&to.into()).unwrap_err().raw_os_error(),
                Some(libc::EINPROGRESS)
            );
            let mut stream = TcpStream::from_std(socket.into())?;
            let mut text = String::new();
            minato::io::AsyncReadExt::read_to_string(&mut stream, &mut text).await?;
            io::Result::Ok(text)
        });
        assert_eq!(simulation.block_on(client.unwrap()).unwrap().unwrap(), name);
    }
}

#[test]
fn datagrams_of_a_socket_that_std_has_bound_arrive() {
    on_a_host(1, || async {
        let one = UdpSocket::from_std(datagrams()).unwrap();
        let two = UdpSocket::bind("127.0.0.1:54").await.unwrap();
        one.send(b"in").await.unwrap();
        let mut bytes = [0; 9];
        assert_eq!(two.recv_from(&mut bytes).await.unwrap(), (2, "127.0.0.1:53".parse().unwrap()));
        drop(TcpSocket::new_v4());
    })
    .unwrap();
}
