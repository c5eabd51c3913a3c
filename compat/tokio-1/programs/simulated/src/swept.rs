//! Services of published libraries as hosts of a scenario, which a sweep runs with many seeds.
//!
//! Each seed draws what goes wrong: packets are lost, links are slow or cut, the server crashes and
//! starts anew, calls fail. A client that asks again must get all its answers in the end.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use minato::sim::{self, FaultKind, Report, Scenario, Swarm};
use reqwest::Certificate;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use tonic::transport::{Endpoint, Server};

use crate::grpc::{self, Watch};
use crate::store::{self, Store};
use crate::{Result, talk, tls};

/// A service: what it is called, and its scenario.
pub type Service = (&'static str, fn(&mut Scenario));

/// All services.
pub const SERVICES: [Service; 4] =
    [("https", https), ("grpc", grpc), ("websocket", websocket), ("redis", redis)];

/// How many answers a client wants.
const CALLS: u32 = 12;

/// The client's call that had to be made again.
pub const AGAIN: &str = "asked again";

const SECOND: Duration = Duration::from_secs(1);

/// What may go wrong while the client asks. It seldom looks a name up or connects, so faults of
/// that would strike nothing.
fn rough_weather(sim: &mut Scenario) {
    let rare = [FaultKind::Dns, FaultKind::Descriptors, FaultKind::AcceptError];
    let swarm = Swarm::all().for_(5 * SECOND);
    sim.faults(rare.into_iter().fold(swarm, Swarm::except));
    sim.must_finish_within(600 * SECOND);
}

/// Calls until there is an answer.
async fn insist<T>(mut call: impl AsyncFnMut() -> Result<T>) -> Result<T> {
    for attempt in 0..200 {
        match timeout(3 * SECOND, call()).await {
            Ok(Ok(answer)) => {
                if attempt > 0 {
                    sim::mark(AGAIN);
                }
                return Ok(answer);
            }
            Ok(Err(_)) | Err(_) => sleep(SECOND / 4).await,
        }
    }
    Err("there is no answer to be had".into())
}

/// A server of axum's and a client of reqwest's, by HTTP/2 over TLS.
fn https(sim: &mut Scenario) {
    tls::choose_provider();
    let (acceptor, certificate) = tls::acceptor("server").expect("a certificate can be made");
    sim.host("server", move |_| {
        let acceptor = acceptor.clone();
        async move {
            let routes = Router::new().route("/", get(|| async { "hello" }));
            tls::accept(TcpListener::bind("0.0.0.0:443").await?, acceptor, routes).await;
            Result::Ok(())
        }
    });
    sim.client("client", move |_| async move {
        let client = reqwest::Client::builder()
            .add_root_certificate(Certificate::from_der(&certificate)?)
            .connect_timeout(2 * SECOND)
            .http2_keep_alive_interval(SECOND)
            .http2_keep_alive_timeout(SECOND)
            .build()?;
        for _ in 0..CALLS {
            let answer = insist(async || {
                let answer = client.get("https://server/").send().await?;
                Ok((answer.version(), answer.text().await?))
            });
            assert_eq!(answer.await?, (reqwest::Version::HTTP_2, "hello".to_owned()));
            sleep(SECOND / 3).await;
        }
        Result::Ok(())
    });
    rough_weather(sim);
}

/// A server and a client of tonic's.
fn grpc(sim: &mut Scenario) {
    sim.host("server", |_| async {
        let server = Server::builder().http2_keepalive_interval(Some(5 * SECOND));
        Result::Ok(server.clone().add_service(Watch).serve("0.0.0.0:50051".parse()?).await?)
    });
    sim.client("client", |_| async {
        let channel = Endpoint::from_static("http://server:50051")
            .connect_timeout(2 * SECOND)
            .http2_keep_alive_interval(SECOND)
            .keep_alive_timeout(SECOND)
            .connect_lazy();
        for _ in 0..CALLS {
            let hailed = insist(async || Ok(grpc::hail(channel.clone(), "Minato").await?));
            assert_eq!(hailed.await?, "ahoy, Minato");
            let tides = insist(async || Ok(grpc::tides(channel.clone(), "tide").await?));
            assert_eq!(tides.await?.len(), 5);
            sleep(SECOND / 4).await;
        }
        Result::Ok(())
    });
    rough_weather(sim);
}

/// A server and a client of tungstenite's.
fn websocket(sim: &mut Scenario) {
    sim.host("server", |_| async {
        let listener = TcpListener::bind("0.0.0.0:8090").await?;
        serve(listener, |stream| async { talk::echo(stream).await }).await
    });
    sim.client("client", |_| async {
        let mut socket = None;
        for number in 0..CALLS {
            let sent = format!("message {number}");
            let echoed = insist(async || {
                // A socket on which something failed is not used again.
                let mut talking = match socket.take() {
                    Some(talking) => talking,
                    None => talk::connect("ws://server:8090/").await?,
                };
                let echoed = talk::hear(&mut talking, &sent).await?;
                socket = Some(talking);
                Ok(echoed)
            });
            assert_eq!(echoed.await?, sent);
            sleep(SECOND / 3).await;
        }
        Result::Ok(())
    });
    rough_weather(sim);
}

/// The redis client and a small server, which forgets everything in a crash.
fn redis(sim: &mut Scenario) {
    sim.host("server", |_| async {
        let (listener, store) = (TcpListener::bind("0.0.0.0:6379").await?, Store::default());
        serve(listener, move |stream| {
            let store = store.clone();
            async move { Ok(store::serve(stream, store).await?) }
        })
        .await
    });
    sim.client("client", |_| async {
        let client = redis::Client::open("redis://server:6379/")?;
        let mut connection = None;
        for number in 0..CALLS {
            let value = insist(async || {
                let mut open = match connection.take() {
                    Some(open) => open,
                    None => client.get_multiplexed_async_connection().await?,
                };
                let value = store::set_and_get(&mut open, number).await?;
                connection = Some(open);
                Ok(value)
            });
            // It may have crashed in between.
            assert!(value.await?.is_none_or(|value| value == number));
            sleep(SECOND / 3).await;
        }
        Result::Ok(())
    });
    rough_weather(sim);
}

/// Gives each connection a task.
async fn serve<F>(listener: TcpListener, each: impl Fn(TcpStream) -> F) -> Result<()>
where
    F: Future<Output = Result<()>> + Send + 'static,
{
    loop {
        // A connection that cannot be accepted is not the end of a server.
        let Ok((stream, _)) = listener.accept().await else {
            sleep(SECOND / 10).await;
            continue;
        };
        let answered = each(stream);
        tokio::spawn(async move {
            if answered.await.is_err() {
                sim::mark("a connection was lost");
            }
        });
    }
}

/// Sweeps a service; returns what that did, and a line for each seed with the hash of all that
/// happened.
pub fn sweep((name, scenario): Service, seeds: std::ops::Range<u64>) -> (Report, Vec<String>) {
    let lines: Arc<std::sync::Mutex<Vec<String>>> = Arc::default();
    let written = lines.clone();
    let sweep = sim::sweep(move |sim| {
        scenario(sim);
        let (world, written) = (sim.world().clone(), written.clone());
        sim.finally(move || {
            let line = format!("{name} {}: {:016x}", world.seed(), world.trace_hash());
            written.lock().expect("no run panics with it").push(line);
        });
    });
    let report = sweep.named(name).seeds(seeds).must_reach([AGAIN]).run();
    // A sweep runs one of its seeds twice: then there are two lines of it, which are the same.
    let mut lines = lines.lock().expect("no run panics with it").clone();
    lines.sort();
    lines.dedup();
    (report, lines)
}
