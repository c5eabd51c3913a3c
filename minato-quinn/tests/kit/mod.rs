//! What the tests share: configurations, a server that echoes, and clients.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use quinn::{ClientConfig, Connection, Endpoint, IdleTimeout, ServerConfig, TransportConfig};
use rcgen::{CertificateParams, KeyPair, PKCS_ED25519};
use rustls::RootCertStore;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

pub(crate) type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

/// A certificate for `localhost` and its key. Signatures by such a key have one length.
pub(crate) fn certificate() -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
    let key = KeyPair::generate_for(&PKCS_ED25519).unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = params.self_signed(&key).unwrap();
    (certificate.der().clone(), PrivatePkcs8KeyDer::from(key.serialize_der()).into())
}

/// The roots that trust in `certificate`.
pub(crate) fn roots(certificate: &CertificateDer<'static>) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).unwrap();
    roots
}

/// What ends a connection whose peer says nothing for `idle`.
pub(crate) fn transport(idle: Duration) -> Arc<TransportConfig> {
    let mut transport = TransportConfig::default();
    transport.max_idle_timeout(Some(IdleTimeout::try_from(idle).unwrap()));
    Arc::new(transport)
}

/// Configurations that fit each other.
pub(crate) fn configs() -> (ServerConfig, ClientConfig) {
    let (certificate, key) = certificate();
    let client = ClientConfig::with_root_certificates(Arc::new(roots(&certificate))).unwrap();
    (ServerConfig::with_single_cert(vec![certificate], key).unwrap(), client)
}

/// Echoes every stream of every connection, until the endpoint is closed.
pub(crate) async fn serve(endpoint: Endpoint) {
    while let Some(incoming) = endpoint.accept().await {
        minato::spawn(async move {
            let Ok(connection) = incoming.await else { return };
            while let Ok((mut send, mut receive)) = connection.accept_bi().await {
                minato::spawn(async move {
                    while let Ok(Some(chunk)) = receive.read_chunk(64 * 1024, true).await {
                        if send.write_chunk(chunk.bytes).await.is_err() {
                            return;
                        }
                    }
                    _ = send.finish();
                    _ = send.stopped().await;
                });
            }
        });
    }
}

/// Sends `bytes` on a stream of its own, and checks that they come back.
pub(crate) async fn echo(connection: &Connection, bytes: Vec<u8>) -> Outcome {
    let (mut send, mut receive) = connection.open_bi().await?;
    let expected = bytes.clone();
    let sending = minato::spawn(async move {
        send.write_all(&bytes).await?;
        send.finish()?;
        Outcome::Ok(())
    });
    let received = receive.read_to_end(expected.len() + 1).await?;
    sending.await??;
    // The bytes are too many to be printed.
    assert!(received == expected, "{} bytes of {} came back", received.len(), expected.len());
    Ok(())
}

/// `len` bytes, each of which depends on its place.
pub(crate) fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|at| (at ^ (at >> 8) ^ (at >> 16)) as u8).collect()
}
