//! Connecting to several addresses at a time: which one wins, when the next one is tried, and what
//! is told of those that fail.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use futures::StreamExt;
use futures::stream::{iter, pending, unfold};
use minato::net::{TcpListener, TcpSocket, TcpStream};
use minato::sim::{Simulation, World};
use minato::time::{Instant, sleep, timeout};
use minato_service::Connect;

use crate::kit::{At, cases, net, on_each_executor, watchdog};

cases! {
    one_address_that_answers [];
    options_and_binding_are_set_before [];
    the_error_of_one_attempt_is_the_systems_own [];
    the_errors_of_all_attempts_are_told [];
    a_failure_begins_the_next_at_once [];
    nothing_to_connect_to [];
    what_is_wrong_with_an_address_is_told [];
    many_at_once [];
}

const MS: Duration = Duration::from_millis(1);
const LONG: Duration = Duration::from_secs(60);

/// An address at which nobody listens, and what keeps it taken.
fn refusing() -> (TcpSocket, SocketAddr) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

/// The attempts that the error of several tells of, in order; whether each was answered.
fn attempts(error: &io::Error) -> Vec<(SocketAddr, bool)> {
    let text = error.to_string();
    let told = text.split("; ").skip(1).map(|told| told.split_once(": ").unwrap());
    told.map(|(target, what)| (target.parse().unwrap(), what != "no answer")).collect()
}

async fn one_address_that_answers(_: At) {
    let listener = net::listener().await;
    let address = listener.local_addr().unwrap();
    let stream = Connect::new().with_timeout(LONG).connect(address).await.unwrap();
    let (accepted, from) = listener.accept().await.unwrap();
    assert_eq!((stream.peer_addr().unwrap(), from), (address, stream.local_addr().unwrap()));
    drop(accepted);
}

async fn options_and_binding_are_set_before(_: At) {
    let listener = net::listener().await;
    let address = listener.local_addr().unwrap();
    let own = TcpSocket::new_v4().unwrap();
    own.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let port = own.local_addr().unwrap().port();
    drop(own);
    let connect = Connect::new().with_setup(move |socket, target| {
        assert_eq!(target, address);
        socket.set_nodelay(true)?;
        socket.set_reuseaddr(true)?;
        socket.bind((IpAddr::from([127, 0, 0, 1]), port).into())
    });
    let stream = connect.clone().connect(address).await.unwrap();
    assert!(stream.nodelay().unwrap());
    assert_eq!(stream.local_addr().unwrap().port(), port);
}

async fn the_error_of_one_attempt_is_the_systems_own(at: At) {
    let (_taken, address) = refusing();
    let error = Connect::new().connect(address).await.unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::ECONNREFUSED));
    at.note_result("refused", &Err::<(), _>(error));
}

async fn the_errors_of_all_attempts_are_told(at: At) {
    let ((_one, first), (_two, second)) = (refusing(), refusing());
    let error = Connect::new().connect(&[first, second][..]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    let text = error.to_string();
    at.note(text.replace(&first.to_string(), "A").replace(&second.to_string(), "B"));
    assert_eq!(attempts(&error), [(first, true), (second, true)]);
}

async fn a_failure_begins_the_next_at_once(_: At) {
    let ((_one, first), (_two, second)) = (refusing(), refusing());
    let listener = net::listener().await;
    let good = listener.local_addr().unwrap();
    // The delay is longer than a test may take.
    let connect = Connect::new().with_attempt_delay(100 * LONG);
    let stream = connect.connect(&[first, second, good][..]).await.unwrap();
    assert_eq!(stream.peer_addr().unwrap(), good);
}

async fn nothing_to_connect_to(at: At) {
    let none: &[SocketAddr] = &[];
    let error = Connect::new().connect(none).await.unwrap_err();
    at.note_result("an empty list", &Err::<(), _>(error));
    let error = Connect::new().connect_resolving(iter([])).await.unwrap_err();
    at.note(format!("an empty stream: {error}"));
    let lookup = Err(io::Error::other("the name service has gone home"));
    let error = Connect::new().connect_resolving(iter([lookup])).await.unwrap_err();
    assert_eq!(error.to_string(), "the name service has gone home");
    for malformed in ["127.0.0.1", "127.0.0.1:port", ":80"] {
        let error = Connect::new().connect(malformed).await.unwrap_err();
        at.note(format!("{malformed}: {error}"));
    }
}

async fn what_is_wrong_with_an_address_is_told(_: At) {
    let listener = net::listener().await;
    let good = listener.local_addr().unwrap();
    let bad: SocketAddr = "127.0.0.1:1".parse().unwrap();
    let connect = Connect::new().with_setup(move |_, target| match target == bad {
        true => Err(io::Error::other("not this one")),
        false => Ok(()),
    });
    // One error does not keep the other from its connection.
    connect.connect(&[bad, good][..]).await.unwrap();
    let error = connect.connect(&[bad, bad][..]).await.unwrap_err();
    assert_eq!(error.to_string().matches("not this one").count(), 2, "{error}");
    // An error of the look-up does not, either.
    let found = [Ok(bad), Err(io::Error::other("half of it")), Ok(good)];
    connect.connect_resolving(iter(found)).await.unwrap();
}

async fn many_at_once(at: At) {
    let (_taken, bad) = refusing();
    let listener = net::listener().await;
    let good = listener.local_addr().unwrap();
    let accepting = at.beside(async move {
        let mut accepted = Vec::new();
        for _ in 0..100 {
            accepted.push(listener.accept().await.unwrap());
        }
        accepted
    });
    let connect = Connect::new().with_timeout(LONG);
    let targets = &[bad, good][..];
    let all = futures::future::join_all((0..100).map(|_| connect.connect(targets)));
    let connected: Vec<_> = all.await.into_iter().map(Result::unwrap).collect();
    assert_eq!(accepting.await.len(), connected.len());
}

#[test]
fn on_every_executor() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    on_each_executor(|| async {
        let connect = Connect::new().with_timeout(LONG).with_attempt_delay(MS);
        connect.connect(("localhost", port)).await.unwrap();
    });
}

/// A queue that is full takes no connection: the kernel lets the attempt wait.
#[test]
fn an_address_that_does_not_answer_is_not_waited_for() {
    let _watchdog = watchdog();
    minato::run(async {
        let full = TcpSocket::new_v4().unwrap();
        full.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let full = full.listen(0).unwrap();
        let silent = full.local_addr().unwrap();
        let mut filling = Vec::new();
        while let Ok(stream) = timeout(100 * MS, TcpStream::connect(silent)).await {
            filling.push(stream.unwrap());
        }
        let listener = net::listener().await;
        let good = listener.local_addr().unwrap();
        let connect = Connect::new().with_attempt_delay(MS);
        let stream = connect.connect(&[silent, good][..]).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), good);

        let limited = connect.with_timeout(20 * MS);
        let error = limited.connect(&[silent, silent][..]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        let told = error.to_string();
        assert!(told.starts_with("there is no connection after 20ms; 127."), "{told}");
        assert_eq!(attempts(&error), [(silent, false), (silent, false)]);
    });
}

/// Both families at the port of a name.
#[test]
fn ipv6_that_refuses_on_the_loopback_gives_way_to_ipv4() {
    let _watchdog = watchdog();
    minato::run(async {
        let listener = net::listener().await;
        let v4 = listener.local_addr().unwrap();
        let v6: SocketAddr = ([0, 0, 0, 0, 0, 0, 0, 1u16], v4.port()).into();
        let stream = Connect::new().connect(&[v6, v4][..]).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), v4);
    });
}

/// A world with a client, a server and a host that nothing comes through to.
struct Sea {
    simulation: Simulation,
    world: World,
    /// The addresses of the host that is cut off, and those of the server.
    dead: [IpAddr; 2],
    alive: [IpAddr; 2],
}

impl Sea {
    fn new(seed: u64) -> Self {
        let world = World::builder().seed(seed).latency(MS, MS).build();
        let [client, dead, server] = ["client", "dead", "server"].map(|name| world.host(name));
        world.partition(&client, &dead);
        let mut simulation = Simulation::in_world(world.clone());
        simulation
            .spawn("server", async {
                let v6 = minato::net::tcp::Listen::new()
                    .with_setup(|socket, _| socket.set_only_v6(true))
                    .bind("[::]:80")
                    .await
                    .unwrap();
                let v4 = TcpListener::bind("0.0.0.0:80").await.unwrap();
                loop {
                    let (v6, v4) = (Box::pin(v6.accept()), Box::pin(v4.accept()));
                    _ = futures::future::select(v6, v4).await;
                }
            })
            .unwrap();
        let both = |host: &minato::sim::Host| [host.ip_v6(), host.ip()];
        Self { simulation, world, dead: both(&dead), alive: both(&server) }
    }

    /// Runs `client`, and gives its result.
    fn run<T: Send + 'static>(mut self, client: impl Future<Output = T> + Send + 'static) -> T {
        let client = self.simulation.spawn("client", client).unwrap();
        let result = self.simulation.run_until(client).unwrap().unwrap();
        self.simulation.run_for(LONG).unwrap();
        assert_eq!(self.world.open_sockets(), 2, "{}", self.world.netstat());
        result
    }
}

#[test]
fn dead_ipv6_costs_one_delay() {
    let _watchdog = watchdog();
    for seed in 0..10 {
        let sea = Sea::new(seed);
        sea.world.dns_insert("port", [sea.dead[0], sea.alive[1]]);
        let alive = sea.alive[1];
        sea.run(async move {
            let start = Instant::now();
            let stream = Connect::new().connect("port:80").await.unwrap();
            assert_eq!(stream.peer_addr().unwrap().ip(), alive);
            let took = start.elapsed();
            assert!(took >= 250 * MS && took < 260 * MS, "{took:?}");
            // Without the race it is the system that gives up.
            let start = Instant::now();
            TcpStream::connect("port:80").await.unwrap();
            assert!(start.elapsed() > LONG);
        });
    }
}

#[test]
fn families_take_turns_and_time_ends_it() {
    let _watchdog = watchdog();
    let sea = Sea::new(1);
    let [v6, v4] = sea.dead;
    sea.run(async move {
        let at = |ip, port| SocketAddr::new(ip, port);
        let list = [at(v6, 1), at(v6, 2), at(v6, 3), at(v4, 4), at(v4, 5)];
        let turns = [list[0], list[3], list[1], list[4], list[2]];
        let start = Instant::now();
        let connect = Connect::new().with_timeout(1100 * MS);
        let error = connect.connect(&list[..]).await.unwrap_err();
        assert_eq!((error.kind(), start.elapsed()), (ErrorKind::TimedOut, 1100 * MS));
        assert_eq!(attempts(&error), turns.map(|address| (address, false)));
        // At 0 ms, 250, 500 and 750: the last one was not begun.
        let error = connect.with_timeout(999 * MS).connect(&list[..]).await.unwrap_err();
        assert_eq!(attempts(&error), [0, 1, 2, 3].map(|at| (turns[at], false)));
        // The resolver's first family is the first one here, too.
        let connect = Connect::new().with_attempt_delay(10 * MS).with_timeout(15 * MS);
        let error = connect.connect(&[list[3], list[0]][..]).await.unwrap_err();
        assert_eq!(attempts(&error), [(list[3], false), (list[0], false)]);
    });
}

#[test]
fn the_first_attempt_may_still_win() {
    let _watchdog = watchdog();
    let sea = Sea::new(2);
    let [client, server] = ["client", "server"].map(|name| sea.world.host(name));
    // A round trip takes 400 ms.
    sea.world.set_link_latency(&client, &server, 200 * MS, 200 * MS);
    let [v6, v4] = sea.alive;
    sea.run(async move {
        let start = Instant::now();
        let targets = [SocketAddr::new(v6, 80), SocketAddr::new(v4, 80)];
        let stream = Connect::new().connect(&targets[..]).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap().ip(), v6);
        assert_eq!(start.elapsed(), 400 * MS);
    });
}

/// Addresses that come at these times after the start.
fn coming(
    addresses: Vec<(Duration, IpAddr)>,
) -> impl futures::Stream<Item = io::Result<SocketAddr>> {
    let start = Instant::now();
    unfold(addresses.into_iter(), move |mut rest| async move {
        let (when, ip) = rest.next()?;
        minato::time::sleep_until(start + when).await;
        Some((Ok(SocketAddr::new(ip, 80)), rest))
    })
}

#[test]
fn ipv4_waits_a_moment_for_ipv6() {
    let _watchdog = watchdog();
    let sea = Sea::new(3);
    let [v6, v4] = sea.alive;
    sea.run(async move {
        let connect = |addresses| async move {
            let start = Instant::now();
            let stream = Connect::new().connect_resolving(coming(addresses)).await.unwrap();
            // The way there and back is 2 ms.
            (stream.peer_addr().unwrap().ip(), start.elapsed() - 2 * MS)
        };
        assert_eq!(connect(vec![(10 * MS, v4), (30 * MS, v6)]).await, (v6, 30 * MS));
        assert_eq!(connect(vec![(10 * MS, v4), (100 * MS, v6)]).await, (v4, 60 * MS));
        assert_eq!(connect(vec![(10 * MS, v6), (10 * MS, v4)]).await, (v6, 10 * MS));
        // Nothing more is to come.
        assert_eq!(connect(vec![(10 * MS, v4)]).await, (v4, 10 * MS));
        // An address that comes late is tried late.
        let late = coming(vec![(500 * MS, v4)]);
        let start = Instant::now();
        Connect::new().connect_resolving(late.chain(pending())).await.unwrap();
        assert_eq!(start.elapsed(), 552 * MS);
    });
}

#[test]
fn the_time_counts_the_look_up_too() {
    let _watchdog = watchdog();
    let sea = Sea::new(4);
    sea.run(async move {
        let start = Instant::now();
        let connect = Connect::new().with_timeout(300 * MS);
        let error = connect.connect_resolving(pending()).await.unwrap_err();
        assert_eq!((error.kind(), start.elapsed()), (ErrorKind::TimedOut, 300 * MS));
        assert_eq!(error.to_string(), "there is no connection after 300ms");
    });
}

#[test]
fn giving_up_closes_every_attempt() {
    let _watchdog = watchdog();
    let sea = Sea::new(5);
    let (world, [v6, v4]) = (sea.world.clone(), sea.dead);
    sea.run(async move {
        sleep(MS).await;
        let before = world.open_sockets();
        let targets = [SocketAddr::new(v6, 80), SocketAddr::new(v4, 80)];
        let connect = Connect::new();
        let mut racing = Box::pin(connect.connect(&targets[..]));
        assert!(timeout(300 * MS, &mut racing).await.is_err());
        assert_eq!(world.open_sockets(), before + 2);
        drop(racing);
        assert_eq!(world.open_sockets(), before);
    });
}
