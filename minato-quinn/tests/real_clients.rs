//! Clients of others: quinn on its own terms with the example, and a client written in C.

mod kit;

use std::error::Error;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use kit::{Outcome, certificate, echo, pattern, roots};
use minato::time::timeout;
use minato_quinn::{client, server};
use quinn::crypto::rustls::QuicServerConfig;
use quinn::{ClientConfig, Endpoint, ServerConfig};
use rustls::pki_types::CertificateDer;

const LIMIT: Duration = Duration::from_secs(120);

/// A program that is ended with the test.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

/// The program of an example.
fn example(name: &str) -> PathBuf {
    // Only a call for all tests of the package has built it.
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--package", env!("CARGO_PKG_NAME"), "--example", name])
        .status();
    assert!(built.unwrap().success());
    let own = std::env::current_exe().unwrap();
    own.parent().unwrap().parent().unwrap().join("examples").join(name)
}

#[test]
fn the_example_serves_another_process() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("certificate");
    let mut command = Command::new(example("quic_echo"));
    let mut program =
        Program(command.arg("127.0.0.1:0").arg(&file).stdout(Stdio::piped()).spawn().unwrap());
    let mut line = String::new();
    BufReader::new(program.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim_end().rsplit(' ').next().unwrap().parse().unwrap();
    let certificate = CertificateDer::from(std::fs::read(file).unwrap());
    let config = ClientConfig::with_root_certificates(Arc::new(roots(&certificate))).unwrap();
    let asking = async {
        let ship = client("127.0.0.1:0").await?;
        let connection = ship.connect_with(config, address, "localhost")?.await?;
        for len in [0, 5, 2_000_000] {
            echo(&connection, pattern(len)).await?;
        }
        Outcome::Ok(())
    };
    minato::run(timeout(LIMIT, asking)).unwrap().unwrap();
}

#[test]
fn the_example_talks_to_itself_and_ends() {
    let output = Command::new(example("quic_echo")).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "ahoy\nall well?\n");
}

/// Answers requests of HTTP/3 with `body`.
async fn serve_http(endpoint: Endpoint, body: Bytes) -> Result<(), Box<dyn Error + Send + Sync>> {
    while let Some(incoming) = endpoint.accept().await {
        let connection = h3_quinn::Connection::new(incoming.await?);
        let mut connection = h3::server::Connection::new(connection).await?;
        while let Ok(Some(resolver)) = connection.accept().await {
            let (request, mut stream) = resolver.resolve_request().await?;
            assert_eq!(request.uri().path(), "/cargo");
            stream.send_response(http::Response::new(())).await?;
            stream.send_data(body.clone()).await?;
            stream.finish().await?;
        }
    }
    Ok(())
}

/// By ngtcp2, which shares no code with quinn.
#[test]
fn a_client_written_in_c_downloads_by_http_3() {
    if Command::new("gtlsclient").arg("--help").output().is_err() {
        println!("skipped: no gtlsclient here (Debian's package ngtcp2-client)");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let (certificate, key) = certificate();
    let mut tls = rustls::ServerConfig::builder_with_provider(Arc::new(
        rustls::crypto::ring::default_provider(),
    ))
    .with_protocol_versions(&[&rustls::version::TLS13])
    .unwrap()
    .with_no_client_auth()
    .with_single_cert(vec![certificate], key)
    .unwrap();
    tls.alpn_protocols = vec![b"h3".to_vec()];
    let config = ServerConfig::with_crypto(Arc::new(QuicServerConfig::try_from(tls).unwrap()));
    let body = pattern(3_000_000);
    minato::run(async {
        let endpoint = server(config, "127.0.0.1:0").await.unwrap();
        let port = endpoint.local_addr().unwrap().port();
        minato::spawn(serve_http(endpoint.clone(), body.clone().into()));
        let directory = directory.path().to_owned();
        let downloading = minato::task::spawn_blocking(move || {
            Command::new("gtlsclient")
                .args(["--quiet", "--exit-on-all-streams-close", "--timeout=60s", "--download"])
                .arg(&directory)
                .args(["127.0.0.1", &port.to_string()])
                .arg(format!("https://localhost:{port}/cargo"))
                .output()
        });
        let output = timeout(LIMIT, downloading).await.unwrap().unwrap().unwrap();
        assert!(output.status.success(), "{output:?}");
        endpoint.close(0_u32.into(), b"");
    });
    let received = std::fs::read(directory.path().join("cargo")).unwrap();
    assert!(received == body, "{} bytes of {} arrived", received.len(), body.len());
}
