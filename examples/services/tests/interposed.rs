//! Libraries that know nothing of simulation, in the world of a seed: one seed has one hash of all
//! bytes, in two processes and twice in one.

use std::collections::HashMap;
use std::convert::Infallible;
use std::env;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use http_body_util::Full;
use hyper::Response;
use hyper::body::Bytes;
use hyper::service::service_fn;
use hyper_util::server::conn::auto;
use minato::compat::{Executor, FromTokio, Timer};
use minato::io::{AsyncReadExt, AsyncWriteExt};
use minato::net::{TcpListener, TcpStream, UdpSocket};
use minato::sim::{self, Simulation, World};
use minato::time::sleep;
use minato_quinn::{endpoint, quinn};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig, crypto};
use tokio_rustls::{TlsAcceptor, TlsConnector};

minato::sim::interpose!();

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

const HOUR: Duration = Duration::from_secs(3600);

/// Puts a case on hosts and plays it to its end.
type Play = fn(&mut Simulation) -> Outcome;

/// What is tried, by name.
const CASES: [(&str, Play); 4] =
    [("hyper", dates), ("rustls", handshakes), ("quinn", datagrams), ("std", std_alone)];

/// What a seed's run of a case has done.
fn hash(play: Play, seed: u64) -> u64 {
    sim::run(World::new(seed), |simulation| {
        play(simulation).unwrap();
        simulation.world().trace_hash()
    })
}

/// Plays a client to its end.
fn play(simulation: &mut Simulation, client: impl Future<Output = Outcome> + 'static) -> Outcome {
    let client = simulation.spawn("client", client)?;
    simulation.run_until(client)??
}

/// A server of hyper's, which tells the time in each answer.
fn dates(simulation: &mut Simulation) -> Outcome {
    drop(simulation.spawn("server", async {
        let listener = TcpListener::bind("0.0.0.0:80").await?;
        let mut http = auto::Builder::new(Executor);
        http.http1().timer(Timer);
        loop {
            let http = http.clone();
            let stream = listener.accept().await?.0;
            minato::spawn(async move {
                let hello = |_| async {
                    Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"hello"))))
                };
                _ = http.serve_connection(stream, service_fn(hello)).await;
            });
        }
        #[expect(unreachable_code, reason = "it says what the loop may fail with")]
        Outcome::Ok(())
    })?);
    play(simulation, async {
        for hour in 0..2 {
            let mut stream = TcpStream::connect("server:80").await?;
            stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await?;
            let date = format!("date: Thu, 01 Jan 2026 0{hour}:00:0");
            assert!(answer.contains(&date), "{answer}");
            sleep(HOUR).await;
        }
        Ok(())
    })
}

/// A certificate for `server`, and its key: drawn by the seed.
fn certificate() -> Outcome<(CertificateDer<'static>, PrivateKeyDer<'static>)> {
    let made = rcgen::generate_simple_self_signed(["server".to_owned()])?;
    let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    Ok((made.cert.der().clone(), key.into()))
}

fn roots(certificate: &CertificateDer<'static>) -> Outcome<RootCertStore> {
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone())?;
    Ok(roots)
}

/// TLS by rustls, with keys of ring's.
fn handshakes(simulation: &mut Simulation) -> Outcome {
    _ = crypto::ring::default_provider().install_default();
    let (own, key) = certificate()?;
    let roots = roots(&own)?;
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![own], key)?;
    let acceptor = TlsAcceptor::from(Arc::new(config));
    drop(simulation.spawn("server", async move {
        let listener = TcpListener::bind("0.0.0.0:443").await?;
        loop {
            let accept = acceptor.accept(listener.accept().await?.0);
            minato::spawn(async move {
                let (mut reader, mut writer) =
                    minato::io::split(FromTokio::new(accept.await.unwrap()));
                _ = minato::io::copy(&mut reader, &mut writer).await;
                _ = writer.shutdown().await;
            });
        }
        #[expect(unreachable_code, reason = "it says what the loop may fail with")]
        Outcome::Ok(())
    })?);
    play(simulation, async move {
        let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        let connector = TlsConnector::from(Arc::new(config));
        for _ in 0..3 {
            let stream = TcpStream::connect("server:443").await?;
            let stream = connector.connect("server".try_into()?, stream).await?;
            let mut stream = FromTokio::new(stream);
            stream.write_all(b"ahoy").await?;
            let mut echoed = [0; 4];
            stream.read_exact(&mut echoed).await?;
            assert_eq!(&echoed, b"ahoy");
            stream.shutdown().await?;
        }
        Ok(())
    })
}

/// QUIC by quinn, whose protocol is `quinn-proto`.
fn datagrams(simulation: &mut Simulation) -> Outcome {
    _ = crypto::ring::default_provider().install_default();
    let (own, key) = certificate()?;
    let roots = Arc::new(roots(&own)?);
    let server = quinn::ServerConfig::with_single_cert(vec![own], key)?;
    drop(simulation.spawn("server", async move {
        let socket = UdpSocket::bind("0.0.0.0:443").await?;
        let endpoint = endpoint(quinn::EndpointConfig::default(), Some(server), socket)?;
        while let Some(incoming) = endpoint.accept().await {
            let (mut send, mut receive) = incoming.await?.accept_bi().await?;
            send.write_all(&receive.read_to_end(100_000).await?).await?;
            send.finish()?;
            _ = send.stopped().await;
        }
        Outcome::Ok(())
    })?);
    play(simulation, async move {
        let socket = UdpSocket::bind("0.0.0.0:0").await?;
        let mut endpoint = endpoint(quinn::EndpointConfig::default(), None, socket)?;
        endpoint.set_default_client_config(quinn::ClientConfig::with_root_certificates(roots)?);
        let server = sim::world().ok_or("no world")?.host("server").ip();
        let connection = endpoint.connect((server, 443).into(), "server")?.await?;
        let (mut send, mut receive) = connection.open_bi().await?;
        send.write_all(&[7; 50_000]).await?;
        send.finish()?;
        assert_eq!(receive.read_to_end(100_000).await?.len(), 50_000);
        connection.close(0_u8.into(), b"done");
        endpoint.wait_idle().await;
        Ok(())
    })
}

/// What std decides, as bytes on the network.
fn std_alone(simulation: &mut Simulation) -> Outcome {
    drop(simulation.spawn("server", async {
        let (mut stream, _) = TcpListener::bind("0.0.0.0:7").await?.accept().await?;
        let mut told = String::new();
        stream.read_to_string(&mut told).await?;
        assert!(told.contains("] 3600.00"), "{told}");
        Outcome::Ok(())
    })?);
    play(simulation, async {
        let mut stream = TcpStream::connect("server:7").await?;
        let map: HashMap<u32, ()> = (0..50).map(|number| (number, ())).collect();
        let (begin, date) = (Instant::now(), SystemTime::now());
        sleep(HOUR).await;
        let order: Vec<_> = map.into_keys().collect();
        let told = format!("{order:?} {:?} {begin:?} {date:?}", begin.elapsed());
        stream.write_all(told.as_bytes()).await?;
        stream.shutdown().await?;
        sleep(HOUR).await;
        Ok(())
    })
}

/// A line for each case and seed.
fn lines() -> Vec<String> {
    let line = |name, play, seed| format!("trace: {name} {seed} {:016x}", hash(play, seed));
    CASES.iter().flat_map(|(name, play)| [1, 2].map(|seed| line(name, *play, seed))).collect()
}

#[test]
#[ignore = "is run in processes of its own"]
fn traces() {
    lines().iter().for_each(|line| println!("{line}"));
}

/// The lines that a program prints which runs these tests.
fn printed(mut program: Command) -> Vec<String> {
    let output = program.args(["--ignored", "--exact", "--nocapture", "traces"]).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().filter(|line| line.starts_with("trace: ")).map(str::to_owned).collect()
}

#[test]
fn a_seed_has_one_hash_of_all_bytes_in_two_processes_and_twice_in_one() {
    let here = lines();
    assert_eq!(here, lines());
    let elsewhere = || printed(Command::new(env::current_exe().unwrap()));
    assert_eq!(here, elsewhere());
    assert_eq!(here, elsewhere());
    let mut hashes: Vec<_> = here.iter().map(|line| line.split_once(' ').unwrap().1).collect();
    hashes.dedup_by_key(|line| line.rsplit_once(' ').unwrap().1.to_owned());
    assert_eq!(hashes.len(), 2 * CASES.len(), "each seed has its own");
}

#[test]
#[ignore = "builds all of it in release, for minutes"]
fn a_seed_has_one_hash_in_debug_and_release() {
    let mut release = Command::new(env!("CARGO"));
    release.args(["test", "--release", "--package=minato-examples-services"]);
    release.args(["--test=interposed", "--config=profile.release.lto='off'", "--"]);
    assert_eq!(lines(), printed(release));
}
