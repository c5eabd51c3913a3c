//! A client by rustls: connects to ADDRESS as `localhost`, trusts the certificate in FILE alone,
//! sends LINE, and prints the line that comes back.
//!
//! Try it with `openssl s_server -rev -cert FILE -key KEY`, which gives lines back reversed.

use std::sync::Arc;

use minato::compat::FromTokio;
use minato::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use minato::net::TcpStream;
use minato_http::BoxError;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

#[minato::main]
async fn main() -> Result<(), BoxError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, file, line] = arguments.as_slice() else {
        return Err("usage: tls_client ADDRESS CERTIFICATE-FILE LINE".into());
    };
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(file)?)?;
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();

    // Its traits are tokio's, as rustls's stream has them.
    let stream = TcpStream::connect(address).await?;
    let connector = TlsConnector::from(Arc::new(config));
    let stream = connector.connect("localhost".try_into()?, stream).await?;

    // From here on they are ours.
    let mut stream = BufReader::new(FromTokio::new(stream));
    stream.write_all(format!("{line}\n").as_bytes()).await?;
    stream.flush().await?;
    let mut answer = String::new();
    stream.read_line(&mut answer).await?;
    print!("{answer}");
    stream.shutdown().await?;
    Ok(())
}
