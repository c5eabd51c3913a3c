//! QUIC: a server that echoes streams, and a client with several of them on one connection.
//!
//! With an address as argument it only serves there, and writes its certificate to the file that is
//! named by the second one.

use std::error::Error;
use std::sync::Arc;

use minato_quinn::{client, quinn, server};
use quinn::{Connection, Endpoint, RecvStream, SendStream};
use rustls::RootCertStore;
use rustls::pki_types::PrivatePkcs8KeyDer;

type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

async fn echo(mut send: SendStream, mut receive: RecvStream) -> Outcome {
    while let Some(chunk) = receive.read_chunk(64 * 1024, true).await? {
        send.write_chunk(chunk.bytes).await?;
    }
    Ok(send.finish()?)
}

async fn serve(endpoint: Endpoint) {
    while let Some(incoming) = endpoint.accept().await {
        minato::spawn(async move {
            let connection = incoming.await?;
            while let Ok((send, receive)) = connection.accept_bi().await {
                minato::spawn(echo(send, receive));
            }
            Outcome::Ok(())
        });
    }
}

async fn ask(connection: &Connection, text: &str) -> Outcome<String> {
    let (mut send, mut receive) = connection.open_bi().await?;
    send.write_all(text.as_bytes()).await?;
    send.finish()?;
    Ok(String::from_utf8(receive.read_to_end(1000).await?)?)
}

#[minato::main]
async fn main() -> Outcome {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()])?;
    let (certificate, key) = (made.cert.der().clone(), made.signing_key.serialize_der());
    let key = PrivatePkcs8KeyDer::from(key).into();
    let config = quinn::ServerConfig::with_single_cert(vec![certificate.clone()], key)?;
    let mut arguments = std::env::args().skip(1);
    if let (Some(address), Some(file)) = (arguments.next(), arguments.next()) {
        std::fs::write(file, &certificate)?;
        let endpoint = server(config, address).await?;
        println!("serving at {}", endpoint.local_addr()?);
        serve(endpoint).await;
        return Ok(());
    }
    let endpoint = server(config, "127.0.0.1:0").await?;
    let address = endpoint.local_addr()?;
    minato::spawn(serve(endpoint));

    let mut roots = RootCertStore::empty();
    roots.add(certificate)?;
    let config = quinn::ClientConfig::with_root_certificates(Arc::new(roots))?;
    let ship = client("127.0.0.1:0").await?;
    let connection = ship.connect_with(config, address, "localhost")?.await?;
    for text in ["ahoy", "all well?"] {
        println!("{}", ask(&connection, text).await?);
    }
    connection.close(0_u32.into(), b"bye");
    ship.wait_idle().await;
    Ok(())
}
