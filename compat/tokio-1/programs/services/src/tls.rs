//! HTTP/1 and HTTP/2 over TLS, with a certificate that is made at the start.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::Result;

/// Chooses the cryptography of the process, once for server and client.
pub fn choose_provider() {
    // The second call finds that the choice was made.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// What makes the TLS of a server that is called so, and its certificate.
pub fn acceptor(name: &str) -> Result<(TlsAcceptor, CertificateDer<'static>)> {
    choose_provider();
    let made = rcgen::generate_simple_self_signed(vec![name.into()])?;
    let certificate = made.cert.der().clone();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der())?;
    let mut config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok((TlsAcceptor::from(Arc::new(config)), certificate))
}

/// Serves the routes to all who connect.
pub async fn accept(listener: TcpListener, acceptor: TlsAcceptor, routes: Router) {
    loop {
        // A connection that cannot be accepted is not the end of a server.
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let (acceptor, routes) = (acceptor.clone(), routes.clone());
        tokio::spawn(async move {
            let Ok(stream) = acceptor.accept(stream).await else { return };
            let service = TowerToHyperService::new(routes);
            let builder = Builder::new(TokioExecutor::new());
            let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
            if let Err(error) = connection.await {
                eprintln!("a connection ended with {error}");
            }
        });
    }
}

/// Serves the routes at a port of the loopback, until the runtime ends. Returns the address and the
/// certificate.
pub async fn serve(routes: Router) -> Result<(SocketAddr, CertificateDer<'static>)> {
    let (acceptor, certificate) = acceptor("localhost")?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(accept(listener, acceptor, routes));
    Ok((address, certificate))
}
