//! HTTPS: rustls takes the socket as it is, the handshake runs in the task of each connection, and
//! ALPN chooses between HTTP/1 and HTTP/2.
//!
//! It writes its certificate into the file that is its first argument. Try
//! `curl --cacert FILE https://localhost:PORT/`, `openssl s_client -CAfile FILE -connect ADDRESS`.

use std::convert::Infallible;
use std::sync::Arc;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response};
use minato::compat::FromTokio;
use minato::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let text = format!("{:?} over TLS\n", request.version());
    Ok(Response::new(Full::new(text.into())))
}

#[minato::main]
async fn main() -> Result<(), minato_http::BoxError> {
    let file = std::env::args().nth(1).ok_or("usage: tls_server CERTIFICATE-FILE [ADDRESS]")?;
    let address = std::env::args().nth(2).unwrap_or("127.0.0.1:0".to_owned());

    let own = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    std::fs::write(file, own.cert.pem())?;
    let key = PrivatePkcs8KeyDer::from(own.signing_key.serialize_der());
    let mut config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key.into())?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));

    let listener = TcpListener::bind(address).await?;
    println!("{}", listener.local_addr()?);
    let listener = minato_http::with_handshake(listener, move |stream: TcpStream| {
        let accept = acceptor.accept(stream);
        async { Ok(FromTokio::new(accept.await?)) }
    });
    let server = minato_http::serve(listener, tower::service_fn(answer));
    server.on_error(|error| eprintln!("{error}")).await?;
    Ok(())
}
