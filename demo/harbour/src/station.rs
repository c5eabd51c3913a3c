//! The tide station: a small server that knows the height of the water at any time, by HTTPS with
//! a certificate that its own authority has signed.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::Query;
use axum::http::StatusCode;
use axum::routing::get;
use axum::serve::Listener;
use axum::{Json, Router};
use chrono::{DateTime, TimeDelta, Utc};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, KeyUsagePurpose};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::tides::{Question, Tide};

/// How long a client may take for its handshake.
const HANDSHAKE: Duration = Duration::from_secs(5);

/// The water between the lowest tide and the mean one, in metres.
const MEAN: f64 = 2.0;

/// The two tides of the moon and the sun: metres, and hours from one high water to the next.
const TIDES: [(f64, f64); 2] = [(1.2, 12.420_601), (0.4, 12.0)];

/// The height of the water above the lowest tide.
pub fn height(at: DateTime<Utc>) -> f64 {
    let hours = at.timestamp_millis() as f64 / 3_600_000.0;
    let turn = |period: f64| (hours / period).fract() * std::f64::consts::TAU;
    MEAN + TIDES.iter().map(|(metres, period)| metres * turn(*period).cos()).sum::<f64>()
}

/// What the station answers.
pub fn routes() -> Router {
    Router::new().route("/tides", get(tides))
}

async fn tides(question: Query<Question>) -> Result<Json<Tide>, StatusCode> {
    let Question { at, needed } = question.0;
    if !needed.is_finite() {
        return Err(StatusCode::BAD_REQUEST);
    }
    let steps = (0..=2 * 24 * 12).map(TimeDelta::minutes).map(|minutes| minutes * 5);
    // A time at the end of the calendar has no days after it.
    let mut times = steps.filter_map(|step| at.checked_add_signed(step));
    let next = times.find(|time| height(*time) >= needed);
    Ok(Json(Tide { height: height(at), next }))
}

/// Makes an authority and a certificate of this machine. Returns the authority's certificate for
/// the clients, as PEM.
///
/// # Errors
///
/// The cryptography fails.
pub fn certify() -> Result<(String, ServerConfig), Box<dyn std::error::Error + Send + Sync>> {
    let mut authority = CertificateParams::new(vec![])?;
    authority.distinguished_name.push(rcgen::DnType::CommonName, "Tide station authority");
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;
    let key = KeyPair::generate()?;
    let names = ["localhost".to_string(), "127.0.0.1".to_string()];
    let certificate = CertificateParams::new(names)?.signed_by(&key, &authority)?;
    let key = PrivateKeyDer::try_from(key.serialize_der())?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok((authority.pem(), config))
}

/// Connections whose handshake is done. A client that is slow with it keeps nobody waiting.
pub struct TlsListener {
    address: SocketAddr,
    accepted: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
    accepting: AbortHandle,
}

impl TlsListener {
    pub fn new(listener: TcpListener, config: ServerConfig) -> std::io::Result<Self> {
        let address = listener.local_addr()?;
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let (sender, accepted) = mpsc::channel(16);
        let mut listener = listener;
        let accepting = tokio::spawn(async move {
            loop {
                // axum's way: an error of the listener is waited out.
                let (stream, peer) = Listener::accept(&mut listener).await;
                let (acceptor, sender) = (acceptor.clone(), sender.clone());
                tokio::spawn(async move {
                    match timeout(HANDSHAKE, acceptor.accept(stream)).await {
                        Ok(Ok(stream)) => _ = sender.send((stream, peer)).await,
                        Ok(Err(error)) => tracing::debug!(%error, %peer, "no handshake"),
                        Err(_) => tracing::debug!(%peer, "the handshake takes too long"),
                    }
                });
            }
        });
        Ok(Self { address, accepted, accepting: accepting.abort_handle() })
    }
}

impl Drop for TlsListener {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        self.accepted.recv().await.expect("the task that accepts goes on until the drop")
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        Ok(self.address)
    }
}
