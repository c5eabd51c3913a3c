//! QUIC between the hosts of a simulated world: a run is repeated exactly by its seed, and losses,
//! delays and time-outs take virtual time.
//!
//! For an exact repetition nothing may be drawn from outside of the world. So here the random
//! numbers, keys and connection IDs of quinn and rustls come from the world, and the certificate is
//! the same in all runs.

mod kit;

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use kit::{Outcome, certificate, echo, pattern, roots, serve, transport};
use minato::net::UdpSocket;
use minato::sim::{self, Simulation, World};
use minato::time::sleep;
use minato_quinn::endpoint;
use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use quinn::crypto::{CryptoError, HmacKey};
use quinn::{
    ClientConfig, ConnectionError, ConnectionId, ConnectionIdGenerator, EndpointConfig,
    ServerConfig, ValidationTokenConfig,
};
use rustls::NamedGroup;
use rustls::crypto::{
    ActiveKeyExchange, CryptoProvider, GetRandomFailed, SecureRandom, SharedSecret,
    SupportedKxGroup, ring,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

static CERTIFICATE: LazyLock<(CertificateDer<'static>, PrivateKeyDer<'static>)> =
    LazyLock::new(certificate);

/// Random numbers of the world that this thread is in.
#[derive(Debug)]
struct Drawn;

fn draw<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    sim::world().expect("it is called on a simulated host").fill_random(&mut bytes);
    bytes
}

impl SecureRandom for Drawn {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), GetRandomFailed> {
        sim::world().ok_or(GetRandomFailed)?.fill_random(bytes);
        Ok(())
    }
}

/// An exchange of keys that anybody can listen to, which does no harm in a world of our own: the
/// key is what the two public numbers have in common.
impl SupportedKxGroup for Drawn {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, rustls::Error> {
        Ok(Box::new(Exchange(draw())))
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::Unknown(0xfe00)
    }
}

struct Exchange([u8; 32]);

impl ActiveKeyExchange for Exchange {
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, rustls::Error> {
        let both: Vec<u8> = self.0.iter().zip(peer).map(|(own, other)| own ^ other).collect();
        Ok(SharedSecret::from(&both[..]))
    }

    fn pub_key(&self) -> &[u8] {
        &self.0
    }

    fn group(&self) -> NamedGroup {
        Drawn.name()
    }
}

impl ConnectionIdGenerator for Drawn {
    fn generate_cid(&mut self) -> ConnectionId {
        ConnectionId::new(&draw::<8>())
    }

    fn cid_len(&self) -> usize {
        8
    }

    fn cid_lifetime(&self) -> Option<Duration> {
        None
    }
}

/// Signs what resets a connection; no run here needs it to be secret.
impl HmacKey for Drawn {
    fn sign(&self, data: &[u8], signature: &mut [u8]) {
        for (at, byte) in signature.iter_mut().enumerate() {
            *byte = data.iter().fold(at as u8, |sum, byte| sum.rotate_left(3) ^ byte);
        }
    }

    fn signature_len(&self) -> usize {
        32
    }

    fn verify(&self, data: &[u8], signature: &[u8]) -> Result<(), CryptoError> {
        let mut expected = vec![0; signature.len()];
        self.sign(data, &mut expected);
        if expected == signature { Ok(()) } else { Err(CryptoError) }
    }
}

fn provider() -> Arc<CryptoProvider> {
    let (kx_groups, secure_random): (Vec<&'static dyn SupportedKxGroup>, _) =
        (vec![&Drawn], &Drawn);
    Arc::new(CryptoProvider { kx_groups, secure_random, ..ring::default_provider() })
}

fn endpoint_config() -> EndpointConfig {
    let mut config = EndpointConfig::new(Arc::new(Drawn));
    config.rng_seed(Some(draw())).cid_generator(|| Box::new(Drawn));
    config
}

fn server_config(idle: Duration) -> ServerConfig {
    let (certificate, key) = &*CERTIFICATE;
    let tls = rustls::ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key.clone_key())
        .unwrap();
    let mut config = ServerConfig::with_crypto(Arc::new(QuicServerConfig::try_from(tls).unwrap()));
    // They would contain the time of the system.
    let mut tokens = ValidationTokenConfig::default();
    tokens.sent(0);
    config.validation_token_config(tokens).transport_config(transport(idle));
    config
}

fn client_config(idle: Duration) -> ClientConfig {
    let tls = rustls::ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_root_certificates(roots(&CERTIFICATE.0))
        .with_no_client_auth();
    let mut config = ClientConfig::new(Arc::new(QuicClientConfig::try_from(tls).unwrap()));
    config.initial_dst_cid_provider(Arc::new(|| ConnectionId::new(&draw::<16>())));
    config.transport_config(transport(idle));
    config
}

const LONG: Duration = Duration::from_secs(60);

async fn harbour(idle: Duration) -> Outcome {
    let socket = UdpSocket::bind("0.0.0.0:4433").await?;
    serve(endpoint(endpoint_config(), Some(server_config(idle)), socket)?).await;
    Ok(())
}

async fn ship(idle: Duration) -> Outcome<(quinn::Endpoint, quinn::Connection)> {
    let socket = UdpSocket::bind("0.0.0.0:0").await?;
    let endpoint = endpoint(endpoint_config(), None, socket)?;
    let address = minato::net::lookup_host("harbour:4433").await?.next().unwrap();
    let connection = endpoint.connect_with(client_config(idle), address, "localhost")?.await?;
    Ok((endpoint, connection))
}

/// What became of a run: its hash, how long it took, and how many datagrams were lost.
type Run = (u64, Duration, u64);

/// A ship has `bytes` echoed by the harbour.
fn run(world: World, bytes: usize) -> Run {
    let mut simulation = Simulation::in_world(world);
    simulation.spawn("harbour", harbour(LONG)).unwrap();
    let ship = simulation.spawn("ship", async move {
        let (endpoint, connection) = ship(LONG).await?;
        for part in [bytes, 1, bytes / 2] {
            echo(&connection, pattern(part)).await?;
        }
        let lost = connection.stats().path.lost_packets;
        connection.close(0_u32.into(), b"");
        endpoint.wait_idle().await;
        Outcome::Ok(lost)
    });
    let lost = simulation.block_on(ship.unwrap()).unwrap().unwrap();
    (simulation.world().trace_hash(), simulation.world().now(), lost)
}

#[test]
fn one_seed_is_one_run() {
    let runs: Vec<Run> = [1, 1, 2].map(|seed| run(World::new(seed), 200_000)).into();
    assert_eq!(runs[0], runs[1], "one seed, one run");
    assert_ne!(runs[0].0, runs[2].0, "another seed, another run");
}

/// Where queues are short and datagrams overtake each other, every byte arrives all the same.
#[test]
fn what_a_poor_link_loses_is_sent_again() {
    let poor = |seed| {
        let ms = Duration::from_millis;
        World::builder().seed(seed).latency(ms(5), ms(60)).datagram_buffer(10_000).build()
    };
    let runs: Vec<Run> = [3, 3, 4].map(|seed| run(poor(seed), 150_000)).into();
    assert_eq!(runs[0], runs[1], "one seed, one run");
    assert!(runs.iter().all(|(_, _, lost)| *lost > 0), "{runs:?}");
}

#[test]
fn a_broken_link_that_heals_is_waited_for() {
    let broken = |pause| {
        let mut simulation = Simulation::new(5);
        let world = simulation.world().clone();
        let hosts = (world.host("harbour"), world.host("ship"));
        simulation.spawn("harbour", harbour(LONG)).unwrap();
        let ship = simulation.spawn("ship", async move {
            let (_endpoint, connection) = ship(LONG).await?;
            world.partition(&hosts.0, &hosts.1);
            let healing = minato::spawn(async move {
                sleep(pause).await;
                world.heal(&hosts.0, &hosts.1);
            });
            echo(&connection, pattern(50_000)).await?;
            healing.await?;
            connection.close(0_u32.into(), b"");
            Outcome::Ok(())
        });
        simulation.block_on(ship.unwrap()).unwrap().unwrap();
        simulation.world().now()
    };
    assert!(broken(Duration::from_secs(10)) >= Duration::from_secs(10));
}

/// Hours of virtual time, and no moment of ours.
#[test]
fn a_peer_that_is_gone_is_given_up_in_virtual_time() {
    let idle = Duration::from_secs(3 * 3600);
    let mut simulation = Simulation::new(6).with_time_limit(Duration::from_secs(24 * 3600));
    let world = simulation.world().clone();
    let hosts = (world.host("harbour"), world.host("ship"));
    simulation.spawn("harbour", harbour(idle)).unwrap();
    let ship = simulation.spawn("ship", async move {
        let (_endpoint, connection) = ship(idle).await?;
        echo(&connection, pattern(10)).await?;
        world.partition(&hosts.0, &hosts.1);
        Outcome::Ok(connection.closed().await)
    });
    let end = simulation.block_on(ship.unwrap()).unwrap().unwrap();
    assert!(matches!(end, ConnectionError::TimedOut), "{end}");
    assert!(simulation.world().now() >= idle);
}
