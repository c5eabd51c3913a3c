//! A client that puts load on a harbour and keeps count of what it was told.
//!
//! `load fill URL` books ships around the present time, so that there is something to see.
//!
//! `load book URL CLIENTS REQUESTS FIRST LATENCIES` sends requests one by one on each of a number
//! of connections. Of ten, seven book a stretch of time of their own, one is sent again with its
//! key, one wants what another has, and one cancels. Readers of the feed must see every change. It
//! prints its counts, and appends the microseconds that each request took to a file. FIRST is the
//! first stretch of time; several runs on one harbour must not have the same.

mod ships;

use std::collections::HashSet;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chrono::{TimeDelta, TimeZone, Utc};
use futures_util::StreamExt;
use harbour::Result;
use harbour::domain::{Berth, Booking, BookingRequest};
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::Message;

/// Readers of the feed.
const READERS: usize = 4;

/// How long a reader waits for a change that it has not seen.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a client tries again: a harbour may say that it is busy.
const ATTEMPTS: usize = 5;
const PAUSE: Duration = Duration::from_millis(200);

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["fill", url] => fill(&Harbour::new(url)?).await,
        ["book", url, clients, requests, first, latencies] => {
            let plan = Plan {
                clients: clients.parse()?,
                requests: requests.parse()?,
                first: first.parse()?,
            };
            book(Harbour::new(url)?, plan, latencies).await
        }
        _ => Err("usage: load fill URL | load book URL CLIENTS REQUESTS FIRST LATENCIES".into()),
    }
}

/// A harbour, seen by one client.
#[derive(Clone)]
struct Harbour {
    url: String,
    client: reqwest::Client,
}

impl Harbour {
    fn new(url: &str) -> Result<Self> {
        // It takes a provider, though there is no TLS here. A second one is refused.
        _ = rustls::crypto::ring::default_provider().install_default();
        // One connection, as a client has it that waits for each answer.
        let client = reqwest::Client::builder().pool_max_idle_per_host(1).no_proxy().build()?;
        Ok(Self { url: url.trim_end_matches('/').into(), client })
    }

    async fn berths(&self) -> Result<Vec<Berth>> {
        let answer = self.client.get(format!("{}/api/berths", self.url)).send().await?;
        Ok(answer.error_for_status()?.json().await?)
    }

    /// Gives the booking, or `None` if the berth is taken, and how often the harbour was busy.
    async fn book(&self, key: &str, request: &BookingRequest) -> Result<(Option<Booking>, usize)> {
        for busy in 0..ATTEMPTS {
            let post = self.client.post(format!("{}/api/bookings", self.url));
            let answer = post.header("idempotency-key", key).json(request).send().await?;
            match answer.status().as_u16() {
                201 => return Ok((Some(answer.json().await?), busy)),
                409 => return Ok((None, busy)),
                503 => tokio::time::sleep(PAUSE).await,
                status => {
                    return Err(format!("{status} to a booking: {}", answer.text().await?).into());
                }
            }
        }
        Err(format!("the harbour was busy {ATTEMPTS} times").into())
    }

    /// Gives how often the harbour was busy.
    async fn cancel(&self, id: i64) -> Result<usize> {
        for busy in 0..ATTEMPTS {
            let delete = self.client.delete(format!("{}/api/bookings/{id}", self.url));
            let answer = delete.send().await?;
            match answer.status().as_u16() {
                204 => return Ok(busy),
                503 => tokio::time::sleep(PAUSE).await,
                status => {
                    let text = answer.text().await?;
                    return Err(format!("{status} to a cancellation: {text}").into());
                }
            }
        }
        Err(format!("the harbour was busy {ATTEMPTS} times").into())
    }
}

/// How much load there is.
#[derive(Clone, Copy)]
struct Plan {
    clients: usize,
    requests: usize,
    first: usize,
}

/// What the harbour has answered, and how long each answer took, in microseconds.
#[derive(Default)]
struct Account {
    booked: HashSet<i64>,
    cancelled: HashSet<i64>,
    /// Answers of 201. One is for a key that was used before, and names the booking that there is.
    created: usize,
    taken: usize,
    busy: usize,
    latencies: Vec<u128>,
}

impl Account {
    fn add(&mut self, other: Account) {
        self.booked.extend(other.booked);
        self.cancelled.extend(other.cancelled);
        self.created += other.created;
        self.taken += other.taken;
        self.busy += other.busy;
        self.latencies.extend(other.latencies);
    }
}

async fn book(harbour: Harbour, plan: Plan, latencies: &str) -> Result<()> {
    let berths: Arc<[Berth]> = harbour.berths().await?.into();
    // What the readers are to have seen in the end: it is known when all answers are there.
    let (expected, all) = watch::channel(None);
    let mut readers = JoinSet::new();
    for _ in 0..READERS {
        let feed = Reader::connect(&harbour.url).await?;
        readers.spawn(feed.read(all.clone()));
    }
    let next = Arc::new(AtomicUsize::new(0));
    let mut clients = JoinSet::new();
    for _ in 0..plan.clients {
        // Each has a connection of its own.
        let harbour = Harbour::new(&harbour.url)?;
        clients.spawn(client(harbour, berths.clone(), plan, next.clone()));
    }
    let mut account = Account::default();
    while let Some(ended) = clients.join_next().await {
        account.add(ended??);
    }
    expected.send_replace(Some((account.booked.len(), account.cancelled.len())));
    while let Some(ended) = readers.join_next().await {
        let seen = ended??;
        if seen != (account.booked.clone(), account.cancelled.clone()) {
            return Err("a reader of the feed saw other changes than were answered".into());
        }
    }
    let file = std::fs::OpenOptions::new().create(true).append(true).open(latencies);
    let mut file = std::io::BufWriter::new(file?);
    account.latencies.iter().try_for_each(|micros| writeln!(file, "{micros}"))?;
    file.flush()?;
    let Account { booked, cancelled, created, taken, busy, .. } = account;
    let (booked, cancelled) = (booked.len(), cancelled.len());
    println!("booked {booked} cancelled {cancelled} created {created} taken {taken} busy {busy}");
    Ok(())
}

/// Takes one request after the other from what is left.
async fn client(
    harbour: Harbour,
    berths: Arc<[Berth]>,
    plan: Plan,
    next: Arc<AtomicUsize>,
) -> Result<Account> {
    let mut account = Account::default();
    let mut own = None;
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= plan.requests {
            return Ok(account);
        }
        let start = Instant::now();
        let kind = number % 10;
        if let Some(id) = own.take_if(|_| kind == 9) {
            account.busy += harbour.cancel(id).await?;
            account.cancelled.insert(id);
            account.latencies.push(start.elapsed().as_micros());
            continue;
        }
        // The stretch of time that is asked for, and the key.
        let (slot, key) = match kind {
            7 => (number - 3, format!("{}", plan.first + number - 3)),
            8 => (number - 2, format!("{}-rival", plan.first + number)),
            _ => (number, format!("{}", plan.first + number)),
        };
        let request = slot_request(&berths, plan.first + slot);
        let (booking, busy) = harbour.book(&key, &request).await?;
        account.latencies.push(start.elapsed().as_micros());
        account.busy += busy;
        match booking {
            None => account.taken += 1,
            Some(booking) => {
                account.created += 1;
                account.booked.insert(booking.id);
                // What others want or ask for again is not cancelled.
                if kind < 4 {
                    own = Some(booking.id);
                }
            }
        }
    }
}

/// The stretches of time: an hour at each berth in turn, then the next hour. They touch.
fn slot_request(berths: &[Berth], slot: usize) -> BookingRequest {
    let berth = &berths[slot % berths.len()];
    let start = Utc.with_ymd_and_hms(2100, 1, 1, 0, 0, 0).unwrap();
    let arrives = start + TimeDelta::hours((slot / berths.len()) as i64);
    let departs = arrives + TimeDelta::hours(1);
    let ship = format!("Load {}", slot % 50);
    BookingRequest { berth: berth.id, ship, length: 30.0, draught: 3.0, arrives, departs }
}

type Changes = (HashSet<i64>, HashSet<i64>);

/// A reader of the feed, who has the snapshot.
struct Reader<S>(S);

type Socket =
    tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

impl Reader<Socket> {
    async fn connect(url: &str) -> Result<Self> {
        let url = format!("{}/feed", url.replacen("http", "ws", 1));
        let (mut socket, _) = tokio_tungstenite::connect_async(url).await?;
        match message(&mut socket).await?["kind"].as_str() {
            Some("snapshot") => Ok(Self(socket)),
            other => Err(format!("the feed begins with {other:?}").into()),
        }
    }

    /// Reads until it has seen as many changes as there are.
    async fn read(mut self, mut all: watch::Receiver<Option<(usize, usize)>>) -> Result<Changes> {
        let (mut booked, mut cancelled) = (HashSet::new(), HashSet::new());
        let mut expected = None;
        while expected != Some((booked.len(), cancelled.len())) {
            let change = tokio::select! {
                change = message(&mut self.0) => change?,
                changed = all.changed(), if expected.is_none() => {
                    changed?;
                    expected = *all.borrow();
                    continue;
                }
                _ = tokio::time::sleep(PATIENCE), if expected.is_some() => {
                    let seen = (booked.len(), cancelled.len());
                    return Err(format!("a reader has seen {seen:?} of {expected:?}").into());
                }
            };
            let id = change["booking"]["id"].as_i64().ok_or("a change without a booking")?;
            let is_new = match change["kind"].as_str() {
                Some("booked") => booked.insert(id),
                Some("cancelled") => cancelled.insert(id),
                other => return Err(format!("a change of the kind {other:?}").into()),
            };
            if !is_new {
                return Err(format!("a change of booking {id} came twice").into());
            }
        }
        _ = timeout(PATIENCE, self.0.close(None)).await;
        Ok((booked, cancelled))
    }
}

async fn message(socket: &mut Socket) -> Result<Value> {
    loop {
        match socket.next().await.ok_or("the feed has ended")?? {
            Message::Text(text) => return Ok(serde_json::from_str(&text)?),
            Message::Close(frame) => return Err(format!("the feed was closed: {frame:?}").into()),
            _ => {}
        }
    }
}

/// Books ships, so that there is something to see.
async fn fill(harbour: &Harbour) -> Result<()> {
    for (key, request) in ships::bookings(&harbour.berths().await?, Utc::now()) {
        if harbour.book(&key, &request).await?.0.is_none() {
            return Err("the harbour has bookings already".into());
        }
    }
    Ok(())
}
