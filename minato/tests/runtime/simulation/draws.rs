//! Draws go by names: what happens to one pair of hosts moves nothing of the others.
//!
//! Ten pairs talk, and one run after the other has something else happen to pair 0. The transcripts
//! of the other nine, to the nanosecond, are those of the run in which nothing happens.

use std::cell::{Cell, RefCell};
use std::future::{Future, pending};
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use minato::io::{AsyncReadExt, AsyncWriteExt};
use minato::net::{TcpListener, TcpStream, UdpSocket};
use minato::sim::{self, Packet, Rule, Simulation, Verdict, World};
use minato::task::yield_now;
use minato::time::{sleep, timeout};

const PAIRS: usize = 10;
const SEEDS: u64 = 2;

/// The virtual nanoseconds at which something happened to a client, and what.
type Transcript = Rc<RefCell<Vec<(u128, String)>>>;

fn note(transcript: &Transcript, what: impl Into<String>) {
    let now = sim::world().unwrap().now();
    transcript.borrow_mut().push((now.as_nanos(), what.into()));
}

/// How the pairs talk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Talk {
    /// A client connects, asks a few times and closes, over and over.
    Connections,
    /// It sends datagrams, several at a time, and takes what comes back.
    Datagrams,
    /// As with connections, to ten servers on one host, each with a port of its own.
    OneHost,
    /// The same, but one server accepts all connections, and each has a task.
    OneServer,
}

/// What happens to the first pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    Nothing,
    Partition,
    Task,
    TaskThatYields,
    Connection,
    Datagrams,
    RandomNumbers,
    Branches,
    HostMadeLast,
    HostMadeFirst,
    SlowLink,
    BadLink,
    OneWayCut,
    Clog,
    Rule,
    Reset,
    Pause,
    Crash,
    Drift,
    NameWithoutAddress,
}

/// All changes but nothing.
const CHANGES: [Change; 19] = [
    Change::Partition,
    Change::Task,
    Change::TaskThatYields,
    Change::Connection,
    Change::Datagrams,
    Change::RandomNumbers,
    Change::Branches,
    Change::HostMadeLast,
    Change::HostMadeFirst,
    Change::SlowLink,
    Change::BadLink,
    Change::OneWayCut,
    Change::Clog,
    Change::Rule,
    Change::Reset,
    Change::Pause,
    Change::Crash,
    Change::Drift,
    Change::NameWithoutAddress,
];

/// Echoes what comes by a connection.
async fn echo(mut stream: TcpStream) -> io::Result<()> {
    let mut buf = [0; 8];
    loop {
        stream.read_exact(&mut buf).await?;
        stream.write_all(&buf).await?;
    }
}

async fn serve(port: u16) -> io::Result<()> {
    let listener = TcpListener::bind(("0.0.0.0", port)).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        drop(minato::task::spawn_local(echo(stream)));
    }
}

/// Serves one connection after the other, in one task.
async fn serve_in_turn(port: u16) -> io::Result<()> {
    let listener = TcpListener::bind(("0.0.0.0", port)).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        _ = echo(stream).await;
    }
}

async fn ask(server: String, transcript: Transcript) {
    for round in 0_u64.. {
        let talk = async {
            let mut stream = TcpStream::connect(&*server).await?;
            note(&transcript, "connected");
            for _ in 0..1 + sim::draw(4).unwrap() {
                stream.write_all(&round.to_le_bytes()).await?;
                stream.read_exact(&mut [0; 8]).await?;
                note(&transcript, format!("answer {round}"));
            }
            io::Result::Ok(())
        };
        match timeout(Duration::from_millis(8), talk).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => note(&transcript, error.to_string()),
            Err(_) => note(&transcript, "no answer in time"),
        }
        if sim::draw(3) == Some(0) {
            sleep(Duration::from_millis(1)).await;
        }
    }
}

async fn serve_datagrams() -> io::Result<()> {
    let socket = UdpSocket::bind("0.0.0.0:7000").await?;
    let mut buf = [0; 64];
    loop {
        let (len, from) = socket.recv_from(&mut buf).await?;
        socket.send_to(&buf[..len], from).await?;
    }
}

async fn ask_by_datagrams(server: String, transcript: Transcript) -> io::Result<()> {
    let socket = UdpSocket::bind("0.0.0.0:0").await?;
    let mut buf = [0; 64];
    for round in 0_u8.. {
        for number in 0..3 {
            socket.send_to(&[round, number], &*server).await?;
        }
        while let Ok(got) = timeout(Duration::from_millis(3), socket.recv_from(&mut buf)).await {
            let (len, _) = got?;
            note(&transcript, format!("{:?}", &buf[..len]));
        }
        if round == u8::MAX {
            break;
        }
    }
    Ok(())
}

/// The host that the client of a pair talks to.
fn server_of(pair: usize, talk: Talk) -> String {
    match talk {
        Talk::OneHost | Talk::OneServer => "b".to_owned(),
        Talk::Connections | Talk::Datagrams => format!("b{pair}"),
    }
}

/// Spawns the pairs, and returns what each client notes.
fn spawn_pairs(simulation: &mut Simulation, talk: Talk) -> Vec<Transcript> {
    let transcripts: Vec<Transcript> = (0..PAIRS).map(|_| Transcript::default()).collect();
    if talk == Talk::OneServer {
        drop(simulation.spawn("b", serve(7000)).unwrap());
    }
    for (pair, transcript) in transcripts.iter().enumerate() {
        let (client, server) = (format!("a{pair}"), server_of(pair, talk));
        let port = if talk == Talk::OneHost { 7000 + pair as u16 } else { 7000 };
        match talk {
            Talk::Connections => drop(simulation.spawn(&server, serve(port)).unwrap()),
            Talk::Datagrams => drop(simulation.spawn(&server, serve_datagrams()).unwrap()),
            Talk::OneHost => drop(simulation.spawn(&server, serve_in_turn(port)).unwrap()),
            Talk::OneServer => {}
        }
        let ip = simulation.world().host(&server).ip();
        simulation.world().dns_insert(&format!("server{pair}"), [ip]);
        let (server, transcript) = (format!("server{pair}:{port}"), transcript.clone());
        match talk {
            Talk::Datagrams => {
                drop(simulation.spawn(&client, ask_by_datagrams(server, transcript)).unwrap());
            }
            _ => drop(simulation.spawn(&client, ask(server, transcript)).unwrap()),
        }
    }
    transcripts
}

/// Has the tasks spawned that a change adds to pair 0.
fn spawn_change(simulation: &mut Simulation, talk: Talk, change: Change) {
    let server = server_of(0, talk);
    let mut spawn = |task: Pin<Box<dyn Future<Output = ()>>>| {
        drop(simulation.spawn("a0", task).unwrap());
    };
    match change {
        Change::Task => spawn(Box::pin(async {
            loop {
                sleep(Duration::from_micros(300)).await;
            }
        })),
        Change::TaskThatYields => spawn(Box::pin(async {
            for _ in 0..30_000 {
                yield_now().await;
            }
        })),
        Change::Connection => {
            drop(simulation.spawn(&server, serve(6999)).unwrap());
            let task = ask(format!("{server}:6999"), Transcript::default());
            drop(simulation.spawn("a0", task).unwrap());
        }
        Change::Datagrams => {
            let task = async move {
                let socket = UdpSocket::bind("0.0.0.0:0").await.unwrap();
                loop {
                    socket.send_to(b"nobody takes this", (&*server, 6999)).await.unwrap();
                    sleep(Duration::from_micros(70)).await;
                }
            };
            spawn(Box::pin(task));
        }
        Change::RandomNumbers => spawn(Box::pin(async {
            loop {
                sim::host().unwrap().fill_random(&mut [0; 100]);
                sleep(Duration::from_micros(50)).await;
            }
        })),
        Change::Branches => spawn(Box::pin(async {
            loop {
                sim::draw(2).unwrap();
                sleep(Duration::from_micros(50)).await;
            }
        })),
        Change::HostMadeLast => {
            drop(simulation.spawn("one more", serve(7000)).unwrap());
            let task = ask("one more:7000".to_owned(), Transcript::default());
            drop(simulation.spawn("a0", task).unwrap());
        }
        _ => {}
    }
}

/// Begins the fault that a change is, if it is one; with `end` it ends it.
fn inject(world: &World, talk: Talk, change: Change, end: bool) -> io::Result<Option<Rule>> {
    let (client, server) = (world.host("a0"), world.host(&server_of(0, talk)));
    let there = world.link("a0", &server.name())?;
    match (change, end) {
        (Change::Partition, false) => world.partition(&client, &server),
        (Change::Partition, true) => world.heal(&client, &server),
        (Change::SlowLink, _) => {
            let millis = if end { 0 } else { 2 };
            drop(there.slow(Duration::from_millis(millis))?);
        }
        (Change::BadLink, _) => {
            let chance = if end { 0.0 } else { 0.2 };
            there.loss(chance)?.duplicate(chance)?.corrupt(chance)?;
            there.back().reorder(chance, Duration::from_millis(1))?;
        }
        (Change::OneWayCut, false) => there.back().cut(),
        (Change::OneWayCut, true) => there.back().mend(),
        (Change::Clog, false) => there.clog(),
        (Change::Clog, true) => there.unclog(),
        (Change::Rule, false) => {
            let delay = Verdict::Delay(Duration::from_micros(777));
            let verdict = move |packet: &Packet<'_>| match packet.from() {
                "a0" => delay,
                _ => Verdict::Pass,
            };
            return Ok(Some(world.rule(verdict)));
        }
        (Change::Reset, _) => _ = world.reset(&client, &server),
        (Change::Pause, false) => client.pause()?,
        (Change::Pause, true) => client.resume()?,
        (Change::Crash, false) => client.crash()?,
        (Change::Drift, false) => client.set_drift(20_000)?,
        (Change::NameWithoutAddress, false) => world.dns_insert("server0", []),
        (Change::NameWithoutAddress, true) => world.dns_insert("server0", [server.ip()]),
        _ => {}
    }
    Ok(None)
}

fn run(talk: Talk, change: Change, seed: u64) -> Transcripts {
    let mut simulation = Simulation::new(seed);
    if change == Change::HostMadeFirst {
        drop(simulation.spawn("first", pending::<()>()).unwrap());
    }
    let transcripts = spawn_pairs(&mut simulation, talk);
    spawn_change(&mut simulation, talk, change);
    let world = simulation.world().clone();
    simulation.run_for(Duration::from_millis(30)).unwrap();
    let rule = inject(&world, talk, change, false).unwrap();
    simulation.run_for(Duration::from_millis(20)).unwrap();
    drop(rule);
    drop(inject(&world, talk, change, true).unwrap());
    simulation.run_for(Duration::from_millis(70)).unwrap();
    transcripts.iter().map(|transcript| transcript.borrow().clone()).collect()
}

/// Whether a change must show in what pair 0 does itself.
fn strikes(talk: Talk, change: Change) -> bool {
    match change {
        Change::Connection | Change::NameWithoutAddress | Change::Reset => talk != Talk::Datagrams,
        Change::Datagrams => talk == Talk::Datagrams,
        Change::Partition | Change::SlowLink | Change::BadLink | Change::OneWayCut => true,
        Change::Clog | Change::Rule | Change::Pause | Change::Crash | Change::Drift => true,
        _ => false,
    }
}

type Transcripts = Vec<Vec<(u128, String)>>;

/// The transcripts of the first seeds, when nothing happens to pair 0.
fn undisturbed(talk: Talk, seeds: u64) -> Vec<Transcripts> {
    let runs: Vec<_> = (0..seeds).map(|seed| run(talk, Change::Nothing, seed)).collect();
    assert!(runs.iter().flatten().all(|transcript| transcript.len() > 20), "{talk:?}");
    runs
}

/// Counts the transcripts of pairs 1 to 9 that a change leaves as they are, over all seeds. Checks
/// that a fault has struck pair 0.
fn unchanged(talk: Talk, change: Change, undisturbed: &[Transcripts]) -> usize {
    let mut equal = 0;
    let mut has_struck = false;
    for (without, seed) in undisturbed.iter().zip(0..) {
        let with = run(talk, change, seed);
        has_struck |= without[0] != with[0];
        equal += (1..PAIRS).filter(|pair| without[*pair] == with[*pair]).count();
    }
    assert!(has_struck || !strikes(talk, change), "{talk:?}, {change:?}: nothing has struck");
    equal
}

#[test]
fn a_partition_of_one_pair_leaves_180_of_180_transcripts_of_the_others() {
    let undisturbed = undisturbed(Talk::Connections, 20);
    assert_eq!(unchanged(Talk::Connections, Change::Partition, &undisturbed), 180);
}

/// Everything else that may happen to pair 0, with fewer seeds each.
fn check_all(talk: Talk) {
    let undisturbed = undisturbed(talk, SEEDS);
    for change in CHANGES {
        let all = SEEDS as usize * (PAIRS - 1);
        assert_eq!(unchanged(talk, change, &undisturbed), all, "{talk:?}, {change:?}");
    }
}

#[test]
fn whatever_happens_to_one_pair_of_connections_moves_nothing_of_the_others() {
    check_all(Talk::Connections);
}

#[test]
fn whatever_happens_to_one_pair_of_datagrams_moves_nothing_of_the_others() {
    check_all(Talk::Datagrams);
}

#[test]
fn peers_of_one_host_do_not_move_each_other() {
    check_all(Talk::OneHost);
}

/// The tasks of the server are numbered as connections come, so what a task draws for itself may
/// change; how long packets take does not.
#[test]
fn clients_of_one_server_do_not_move_each_others_packets() {
    check_all(Talk::OneServer);
}

/// Of two hosts or tasks that are ready, none is polled more than 16 times more often than the
/// other. So each of the 10 tasks of a host has run after 10 + 16 polls of that host, and the host
/// has had them when the others have had 16 more each.
#[test]
fn a_task_that_always_yields_starves_no_task_of_its_host_or_of_another() {
    const ROUND: usize = 16;
    const HOSTS: usize = 4;
    const TASKS: usize = 10;
    for seed in 0..300 {
        let mut simulation = Simulation::new(seed);
        let ran = Rc::new(Cell::new(0));
        for host in 0..HOSTS {
            let name = format!("host {host}");
            let yields = async {
                loop {
                    yield_now().await;
                }
            };
            drop(simulation.spawn(&name, yields).unwrap());
            for _ in 1..TASKS {
                let ran = ran.clone();
                let task = async move { ran.set(ran.get() + 1) };
                drop(simulation.spawn(&name, task).unwrap());
            }
        }
        let polls = HOSTS * (TASKS + 2 * ROUND);
        (0..polls).for_each(|_| assert!(simulation.step()));
        assert_eq!(ran.get(), HOSTS * (TASKS - 1), "seed {seed}");
        assert_eq!(simulation.world().now(), Duration::ZERO);
    }
}
