//! QUIC in bulk, both ends in this process and on one thread: by quinn's own runtime for tokio, or
//! by minato-quinn. `cargo xtask instructions` counts what a MiB costs.
//!
//! `quic tokio MIB` or `quic minato MIB`

use std::error::Error;
use std::sync::Arc;

use futures_util::future::try_join;
use quinn::{ClientConfig, Endpoint, EndpointConfig, ServerConfig, TransportConfig, VarInt};
use rustls::RootCertStore;
use rustls::pki_types::PrivatePkcs8KeyDer;

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [peer, mib] = &arguments[..] else { return Err("usage: quic tokio|minato MIB".into()) };
    let bytes = mib.parse::<usize>()? << 20;
    match &peer[..] {
        "tokio" => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(transfer(bytes, |server| {
                let socket = std::net::UdpSocket::bind("127.0.0.1:0")?;
                let (config, runtime) = (EndpointConfig::default(), Arc::new(quinn::TokioRuntime));
                Ok(Endpoint::new(config, server, socket, runtime)?)
            }))
        }
        "minato" => {
            let runtime = minato::runtime::Builder::new_current_thread().build()?;
            runtime.block_on(transfer(bytes, |server| {
                let socket = std::net::UdpSocket::bind("127.0.0.1:0")?;
                let socket = minato::net::UdpSocket::from_std(socket)?;
                Ok(minato_quinn::endpoint(EndpointConfig::default(), server, socket)?)
            }))
        }
        other => Err(format!("{other} is neither tokio nor minato").into()),
    }
}

/// Sends `bytes` bytes on one stream, between two endpoints of one kind.
async fn transfer(
    bytes: usize,
    endpoint: impl Fn(Option<ServerConfig>) -> Outcome<Endpoint>,
) -> Outcome {
    let (server_config, client_config) = configs()?;
    let (server, client) = (endpoint(Some(server_config))?, endpoint(None)?);
    let address = server.local_addr()?;
    let receiving = async {
        let connection = server.accept().await.ok_or("the endpoint is closed")?.await?;
        let mut stream = connection.accept_uni().await?;
        let mut received = 0;
        while let Some(chunk) = stream.read_chunk(usize::MAX, true).await? {
            received += chunk.bytes.len();
        }
        connection.close(0_u32.into(), b"");
        Outcome::Ok(received)
    };
    let sending = async {
        let connection = client.connect_with(client_config, address, "localhost")?.await?;
        let mut stream = connection.open_uni().await?;
        let piece = bytes::Bytes::from(vec![7; 1 << 20]);
        for _ in 0..bytes >> 20 {
            stream.write_chunk(piece.clone()).await?;
        }
        stream.finish()?;
        connection.closed().await;
        Outcome::Ok(())
    };
    let (received, ()) = try_join(receiving, sending).await?;
    if received == bytes { Ok(()) } else { Err(format!("{received} bytes arrived").into()) }
}

fn configs() -> Outcome<(ServerConfig, ClientConfig)> {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()])?;
    let certificate = made.cert.der().clone();
    let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()).into();
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone())?;
    // No more is under way than a socket's buffer holds: what is lost is sent again, and how much
    // that is differs from run to run.
    let mut transport = TransportConfig::default();
    transport.stream_receive_window(VarInt::from_u32(64 * 1024));
    let mut server = ServerConfig::with_single_cert(vec![certificate], key)?;
    server.transport_config(Arc::new(transport));
    Ok((server, ClientConfig::with_root_certificates(Arc::new(roots))?))
}
