//! Each program in `src/bin/` against a client or a server that others wrote: curl, h2load,
//! openssl, redis-server, and where there is no such program a library on plain threads or on
//! tokio.
//!
//! A test whose program cannot be had is skipped, which is printed and counted.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use minato_examples_services::{Berth, FIND_BERTH, Ship};
use tungstenite::Message;

/// Far more than anything here takes.
const LIMIT: Duration = Duration::from_secs(60);

static SKIPPED: AtomicUsize = AtomicUsize::new(0);

/// Whether this program is there; if not, the caller is to skip.
fn is_there(program: &str, test: &str) -> bool {
    let found = Command::new(program).arg("--version").output();
    if found.is_err() {
        let count = SKIPPED.fetch_add(1, Ordering::Relaxed) + 1;
        println!("skipped: {test}: there is no {program} here ({count} skipped)");
    }
    found.is_ok()
}

/// A program that runs until this is dropped.
struct Program {
    child: Child,
    /// The first line that it wrote: where it listens.
    address: String,
    output: BufReader<std::process::ChildStdout>,
}

impl Program {
    fn start(path: &str, arguments: &[&str]) -> Self {
        let mut command = Command::new(path);
        command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut address = String::new();
        output.read_line(&mut address).unwrap();
        Self { child, address: address.trim().to_owned(), output }
    }

    fn port(&self) -> &str {
        self.address.rsplit(':').next().unwrap()
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a command that has to succeed writes to standard output.
fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {text} {errors}");
    text
}

/// Tries until something is there.
fn until<T>(mut attempt: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = attempt() {
            return found;
        }
        assert!(start.elapsed() < LIMIT, "it did not come within {LIMIT:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A port that is free at the moment, for programs that cannot choose one.
fn free_port() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string()
}

fn curl(arguments: &[&str]) -> String {
    output("curl", &[&["--silent", "--show-error", "--max-time", "60"], arguments].concat())
}

#[test]
fn curl_speaks_both_versions_with_hyper() {
    if !is_there("curl", "curl_speaks_both_versions_with_hyper") {
        return;
    }
    let server = Program::start(env!("CARGO_BIN_EXE_http"), &[]);
    let url = server.url("you");
    let format = ["--write-out", "%{http_version}"];
    assert_eq!(curl(&[&[&*url][..], &format].concat()), "hello you\n1.1");
    let second = [&["--http2-prior-knowledge", &url][..], &format].concat();
    assert_eq!(curl(&second), "hello you\n2");
    // A megabyte there and back, by each version.
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("body");
    let body: Vec<u8> = (0..1_000_000_u32).map(|index| b'a' + (index % 23) as u8).collect();
    std::fs::write(&file, &body).unwrap();
    let data = format!("@{}", file.display());
    for version in ["--http1.1", "--http2-prior-knowledge"] {
        let answer = curl(&[version, "--data-binary", &data, &url]);
        assert!(answer.as_bytes() == body, "{version}: {} bytes", answer.len());
    }
}

#[test]
fn h2load_has_every_request_answered() {
    if !is_there("h2load", "h2load_has_every_request_answered") {
        return;
    }
    let server = Program::start(env!("CARGO_BIN_EXE_http"), &[]);
    let url = server.url("");
    for version in ["--h1", "-m10"] {
        let arguments = [version, "-n3000", "-c20", &url];
        let report = output("h2load", &arguments);
        let all = "3000 total, 3000 started, 3000 done, 3000 succeeded, 0 failed, 0 errored";
        assert!(report.contains(all), "{version:?}: {report}");
    }
}

#[test]
fn axum_answers_what_is_under_way_when_it_is_told_to_end() {
    if !is_there("curl", "axum_answers_what_is_under_way_when_it_is_told_to_end") {
        return;
    }
    let mut server = Program::start(env!("CARGO_BIN_EXE_axum"), &[]);
    assert_eq!(curl(&[&server.url("you")]), "hello you\n");
    let url = server.url("slow");
    let slow = std::thread::spawn(move || curl(&["--verbose", &url]));
    // The request is there when the server has a connection that is established.
    let port = format!(":{:04X}", server.port().parse::<u16>().unwrap());
    until(|| {
        let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
        let established = |line: &&str| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            fields.get(1).is_some_and(|local| local.ends_with(&port))
                && fields.get(3) == Some(&"01")
        };
        table.lines().find(established).map(drop)
    });
    std::thread::sleep(Duration::from_millis(300));
    output("kill", &["-TERM", &server.child.id().to_string()]);
    // Nobody is accepted any more, and the one is answered.
    until(|| TcpStream::connect(&server.address).err());
    assert_eq!(slow.join().unwrap(), "that took a while\n");
    assert!(server.child.wait().unwrap().success());
    let mut rest = String::new();
    server.output.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "ended; 0 connections were cut off\n");
}

#[test]
fn curl_and_openssl_speak_tls_with_the_server() {
    if !is_there("curl", "curl_and_openssl_speak_tls_with_the_server") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("certificate.pem");
    let file = file.to_str().unwrap();
    let server = Program::start(env!("CARGO_BIN_EXE_tls_server"), &[file]);
    let url = format!("https://localhost:{}/", server.port());
    let to = ["--ipv4", "--cacert", file, &url];
    assert_eq!(curl(&[&["--http2"][..], &to].concat()), "HTTP/2.0 over TLS\n");
    assert_eq!(curl(&[&["--http1.1"][..], &to].concat()), "HTTP/1.1 over TLS\n");
    // A client that does not trust it gets no connection, and one that says nothing harms nobody.
    let stranger = Command::new("curl").args(["--silent", "--ipv4", &url]).output().unwrap();
    assert_eq!(stranger.status.code(), Some(60), "curl's number for a certificate it cannot check");
    let _silent = TcpStream::connect(&server.address).unwrap();

    if !is_there("openssl", "curl_and_openssl_speak_tls_with_the_server") {
        return;
    }
    for version in ["-tls1_2", "-tls1_3"] {
        let mut client = Command::new("openssl");
        client.args(["s_client", "-quiet", "-verify_return_error", version, "-CAfile", file]);
        client.args(["-servername", "localhost", "-connect", &server.address]);
        client.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut client = client.spawn().unwrap();
        let mut input: ChildStdin = client.stdin.take().unwrap();
        input.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        client.stdout.take().unwrap().read_to_string(&mut answer).unwrap();
        assert!(answer.ends_with("HTTP/1.1 over TLS\n"), "{version}: {answer}");
        drop(input);
        client.wait().unwrap();
    }
}

#[test]
fn the_tls_client_speaks_with_openssl() {
    if !is_there("openssl", "the_tls_client_speaks_with_openssl") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (certificate, key, other) = (path("certificate"), path("key"), path("other"));
    let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(&certificate, own.cert.pem()).unwrap();
    std::fs::write(&key, own.signing_key.serialize_pem()).unwrap();
    let stranger = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(&other, stranger.cert.pem()).unwrap();
    let address = format!("127.0.0.1:{}", free_port());
    let mut server = Command::new("openssl");
    server.args(["s_server", "-rev", "-accept", &address, "-cert", &certificate, "-key", &key]);
    let server = server.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let server = Program {
        child: server.spawn().unwrap(),
        address: address.clone(),
        output: BufReader::new(
            Command::new("true").stdout(Stdio::piped()).spawn().unwrap().stdout.unwrap(),
        ),
    };
    until(|| TcpStream::connect(&server.address).ok());
    let client = env!("CARGO_BIN_EXE_tls_client");
    assert_eq!(output(client, &[&address, &certificate, "harbour"]), "ruobrah\n");
    let refused = Command::new(client).args([&*address, &*other, "harbour"]).output().unwrap();
    let errors = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && errors.contains("Certificate"), "{errors}");
}

/// tungstenite on a plain blocking socket.
#[test]
fn a_blocking_websocket_client_has_its_messages_back() {
    let server = Program::start(env!("CARGO_BIN_EXE_websocket"), &[]);
    let mut clients: Vec<_> = (0..5)
        .map(|_| {
            let stream = TcpStream::connect(&server.address).unwrap();
            tungstenite::client(format!("ws://{}/", server.address), stream).unwrap().0
        })
        .collect();
    for client in &mut clients {
        for message in [
            Message::text("ahoy"),
            Message::binary(vec![7; 500_000]),
            Message::text(""),
            Message::text("港"),
        ] {
            client.send(message.clone()).unwrap();
            assert_eq!(client.read().unwrap(), message);
        }
        client.send(Message::Ping("are you there".into())).unwrap();
        assert_eq!(client.read().unwrap(), Message::Pong("are you there".into()));
        client.close(None).unwrap();
        assert!(client.read().unwrap().is_close());
    }
    // What is no handshake gets no connection, and the server goes on.
    let mut stream = TcpStream::connect(&server.address).unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP/1.1 101"));
    let stream = TcpStream::connect(&server.address).unwrap();
    tungstenite::client(format!("ws://{}/", server.address), stream).unwrap();
}

#[test]
fn eight_tasks_share_a_connection_to_redis() {
    if !is_there("redis-server", "eight_tasks_share_a_connection_to_redis") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let mut server = Command::new("redis-server");
    server.args(["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
    server.args(["--dir", folder.path().to_str().unwrap()]).stdout(Stdio::piped());
    let mut child = server.spawn().unwrap();
    let output_of_server = BufReader::new(child.stdout.take().unwrap());
    let address = format!("127.0.0.1:{port}");
    let server = Program { child, address, output: output_of_server };
    until(|| TcpStream::connect(&server.address).ok());
    let program = env!("CARGO_BIN_EXE_redis");
    assert_eq!(output(program, &[&server.address]), "100\n");
    // The server's own word for it.
    let mut stream = TcpStream::connect(&server.address).unwrap();
    stream.write_all(b"GET ships\r\nQUIT\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert_eq!(answer, "$3\r\n100\r\n+OK\r\n");
    drop(server);
    assert!(!Command::new(program).arg("127.0.0.1:1").output().unwrap().status.success());
}

fn tokio() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// tonic's own transport, on a runtime of tokio's.
#[test]
fn a_grpc_client_on_tokio_is_served() {
    use hyper::http::uri::PathAndQuery;
    use tonic_prost::ProstCodec;
    let server = Program::start(env!("CARGO_BIN_EXE_grpc_server"), &[]);
    tokio().block_on(async {
        let endpoint = tonic::transport::Endpoint::from_shared(server.url("")).unwrap();
        let mut grpc = tonic::client::Grpc::new(endpoint.connect().await.unwrap());
        let mut call = async |path: &'static str, name: &str| {
            grpc.ready().await.unwrap();
            let (path, codec) = (PathAndQuery::from_static(path), ProstCodec::default());
            let request = tonic::Request::new(Ship { name: name.to_owned() });
            let answer: Result<tonic::Response<Berth>, _> = grpc.unary(request, path, codec).await;
            answer.map(|answer| answer.into_inner().number).map_err(|status| status.code())
        };
        assert_eq!(call(FIND_BERTH, "Aurora").await, Ok(6));
        assert_eq!(call(FIND_BERTH, "").await, Err(tonic::Code::InvalidArgument));
        assert_eq!(call("/harbour.Harbour/Sink", "Aurora").await, Err(tonic::Code::Unimplemented));
        assert_eq!(call(FIND_BERTH, "Fram").await, Ok(4));
    });
}

#[test]
fn the_grpc_client_is_served_by_ours_and_by_hyper_on_tokio() {
    let client = env!("CARGO_BIN_EXE_grpc_client");
    let expected = ": InvalidArgument: a ship without a name\nAurora: 6\nFram: 4\nVasa: 4\n";
    let server = Program::start(env!("CARGO_BIN_EXE_grpc_server"), &[]);
    let ships = ["Vasa", "Aurora", "", "Fram"];
    let arguments = [&[&*server.address][..], &ships].concat();
    assert_eq!(output(client, &arguments), expected);
    drop(server);
    let nobody = Command::new(client).args(["127.0.0.1:1", "Vasa"]).output().unwrap();
    assert!(!nobody.status.success());
}

#[test]
fn the_pooled_client_fetches() {
    let server = Program::start(env!("CARGO_BIN_EXE_http"), &[]);
    let answers = output(env!("CARGO_BIN_EXE_client"), &[&server.url("harbour")]);
    assert_eq!(answers, "200, 14 bytes\n".repeat(8) + "(200, 14)\n");
    let wrong = Command::new(env!("CARGO_BIN_EXE_client")).arg("/nowhere").output().unwrap();
    let errors = String::from_utf8_lossy(&wrong.stderr).into_owned();
    assert!(!wrong.status.success() && errors.contains("AbsoluteUri"), "{errors}");
}
