//! Servers that end, handshakes that hang, upgrades, limits, and clients: on both kinds of runtime,
//! on a foreign executor, and in the simulation, where time is virtual and a seed is one run.

use std::convert::Infallible;
use std::future::{Future, pending};
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response, StatusCode};
use minato::io::{AsyncReadExt, AsyncWriteExt};
use minato::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use minato::runtime::Builder;
use minato::sim::Simulation;
use minato::time::{Instant, sleep, timeout};
use minato_http::{
    BoxError, Connector, FromHyper, IntoListener, Timeout, client, serve, serve_with,
    with_handshake,
};
use minato_service::GracefulShutdown;
use tower::{Service, ServiceExt, service_fn};

type Answer = Result<Response<Full<Bytes>>, Infallible>;

/// What the paths do: `/slow` takes 5 seconds, `/never` has no end, `/panic` panics, and all others
/// give the body back.
async fn handle(request: Request<Incoming>) -> Answer {
    let answer = match request.uri().path() {
        "/slow" => {
            sleep(Duration::from_secs(5)).await;
            Bytes::from("at last")
        }
        "/never" => pending().await,
        "/panic" => panic!("this request was asked to panic"),
        _ => request.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default(),
    };
    Ok(Response::new(Full::new(answer)))
}

fn request(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: server\r\n\r\n")
}

async fn connect(to: SocketAddr, text: &str) -> io::Result<TcpStream> {
    let mut stream = TcpStream::connect(to).await?;
    stream.write_all(text.as_bytes()).await?;
    Ok(stream)
}

/// Everything until the end of the connection.
async fn rest(mut stream: TcpStream) -> io::Result<String> {
    let mut text = String::new();
    stream.read_to_string(&mut text).await?;
    Ok(text)
}

/// Runs `body` as the client of a server in one simulated world, whose address it is given; returns
/// what it gives and the hash of all that happened.
fn simulate<T, S, C, F>(seed: u64, server: S, body: C) -> (T, u64)
where
    T: Send + 'static,
    S: Future<Output = ()> + Send + 'static,
    C: FnOnce(SocketAddr) -> F + Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let mut simulation = Simulation::new(seed);
    simulation.spawn("server", server).unwrap();
    let client = simulation.spawn("client", async move {
        // The server is there a moment later.
        let server = loop {
            match TcpStream::connect("server:8080").await {
                Ok(stream) => break stream.peer_addr().unwrap(),
                Err(_) => sleep(Duration::from_millis(1)).await,
            }
        };
        body(server).await
    });
    let given = simulation.block_on(client.unwrap()).unwrap();
    (given, simulation.world().trace_hash())
}

async fn listen() -> TcpListener {
    TcpListener::bind("0.0.0.0:8080").await.unwrap()
}

#[test]
fn requests_under_way_are_answered_and_idle_connections_end() {
    let shutdown = GracefulShutdown::new();
    let (begun, ended) = (shutdown.begun(), Arc::new(Mutex::new(None)));
    let note = ended.clone();
    let server = async move {
        let server = serve(listen().await, service_fn(handle)).with_graceful_shutdown(begun);
        *note.lock().unwrap() = Some(server.await.unwrap());
    };
    simulate(1, server, move |address| async move {
        let idle = connect(address, &request("/")).await.unwrap();
        let fresh = connect(address, "").await.unwrap();
        let half = connect(address, "GET / HT").await.unwrap();
        let slow = connect(address, &request("/slow")).await.unwrap();
        sleep(Duration::from_secs(1)).await;
        shutdown.begin();
        let start = Instant::now();
        assert!(rest(idle).await.unwrap().starts_with("HTTP/1.1 200"));
        assert_eq!(rest(fresh).await.unwrap(), "");
        assert!(start.elapsed() < Duration::from_secs(1));
        let refused = TcpStream::connect(address).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
        assert!(rest(slow).await.unwrap().ends_with("at last"));
        assert!(start.elapsed() < Duration::from_secs(5));
        drop(half);
        sleep(Duration::from_secs(60)).await;
        assert_eq!(*ended.lock().unwrap(), Some(0), "the server has ended, and cut nothing off");
    });
}

#[test]
fn what_is_left_at_the_deadline_is_cut_off_and_counted() {
    let (ended, shutdown) = (Arc::new(Mutex::new(None)), GracefulShutdown::new());
    let (note, begun) = (ended.clone(), shutdown.begun());
    let server = async move {
        let server = serve(listen().await, service_fn(handle))
            .with_graceful_shutdown(begun)
            .drain_limit(Duration::from_secs(30));
        *note.lock().unwrap() = Some(server.await.unwrap());
    };
    simulate(2, server, move |address| async move {
        let never = connect(address, &request("/never")).await.unwrap();
        let slow = connect(address, &request("/slow")).await.unwrap();
        sleep(Duration::from_secs(1)).await;
        let start = Instant::now();
        shutdown.begin();
        assert!(rest(slow).await.unwrap().ends_with("at last"));
        assert_eq!(*ended.lock().unwrap(), None);
        // The deadline closes the connection without an answer.
        assert_eq!(rest(never).await.unwrap_or_default(), "");
        let waited = start.elapsed();
        assert!((30..31).contains(&waited.as_secs()), "{waited:?}");
        sleep(Duration::from_secs(1)).await;
        assert_eq!(*ended.lock().unwrap(), Some(1));
    });
}

#[test]
fn a_slow_handshake_keeps_nobody_waiting_and_ends_at_its_limit() {
    let errors = Arc::new(Mutex::new(Vec::new()));
    let noted = errors.clone();
    let server = async move {
        // A byte has to come before HTTP does.
        let listener = with_handshake(listen().await, |mut stream: TcpStream| async move {
            match stream.read_u8().await? {
                b'!' => Ok(stream),
                other => Err(io::Error::other(format!("{other} is no preface"))),
            }
        });
        let note = move |error: BoxError| noted.lock().unwrap().push(error.to_string());
        let server = serve(listener, service_fn(handle)).handshake_limit(Duration::from_secs(3));
        server.on_error(note).await.unwrap();
    };
    simulate(3, server, move |address| async move {
        let start = Instant::now();
        let silent = connect(address, "").await.unwrap();
        let mut good = connect(address, &format!("!{}", request("/"))).await.unwrap();
        let mut head = [0; 15];
        good.read_exact(&mut head).await.unwrap();
        assert_eq!(&head, b"HTTP/1.1 200 OK");
        assert!(start.elapsed() < Duration::from_secs(1));
        assert_eq!(rest(connect(address, "?").await.unwrap()).await.unwrap_or_default(), "");
        assert_eq!(rest(silent).await.unwrap(), "");
        assert_eq!(start.elapsed().as_secs(), 3);
        sleep(Duration::from_secs(1)).await;
        let errors = errors.lock().unwrap();
        assert!(errors.iter().any(|error| error == "63 is no preface"), "{errors:?}");
        assert!(errors.iter().any(|error| error.contains("elapsed")), "{errors:?}");
    });
}

#[test]
fn a_head_that_never_ends_and_a_service_that_panics_end_their_connections_alone() {
    let server = async {
        serve(listen().await, service_fn(handle)).await.unwrap();
    };
    simulate(4, server, |address| async move {
        let start = Instant::now();
        let half = connect(address, "GET / HTTP/1.1\r\nhost: serv").await.unwrap();
        let panicking = connect(address, &request("/panic")).await.unwrap();
        assert_eq!(rest(panicking).await.unwrap_or_default(), "");
        rest(half).await.unwrap();
        assert_eq!(start.elapsed().as_secs(), 30, "hyper's limit, by virtual time");
        let good =
            "POST / HTTP/1.1\r\nhost: server\r\nconnection: close\r\ncontent-length: 2\r\n\r\nhi";
        let answer = rest(connect(address, good).await.unwrap()).await.unwrap();
        assert!(answer.ends_with("hi"), "{answer}");
    });
}

/// HTTP/1 and HTTP/2 at once, with pings, bodies and pauses, by hyper's own client.
fn busy_world(seed: u64) -> u64 {
    let server = async {
        let server = serve(listen().await, service_fn(handle));
        let http2 = |interval| {
            move |http: &mut hyper_util::server::conn::auto::Builder<_>| {
                // The date is the system's: it would be another one in each run.
                http.http1().auto_date_header(false);
                http.http2().auto_date_header(false).keep_alive_interval(Some(interval));
            }
        };
        server.configure(http2(Duration::from_millis(700))).await.unwrap();
    };
    let exchange = |address: SocketAddr| async move {
        let one = client::<Full<Bytes>>();
        let mut builder = hyper_util::client::legacy::Client::builder(minato::compat::Executor);
        builder.timer(minato::compat::Timer).http2_only(true);
        let two = builder.build::<_, Full<Bytes>>(Connector::new());
        let mut tasks = minato::task::JoinSet::new();
        for round in 0..8_usize {
            let client = if round % 2 == 0 { one.clone() } else { two.clone() };
            tasks.spawn(async move {
                let body = Bytes::from(vec![round as u8; round * 10_000]);
                let uri = format!("http://{address}/");
                let request = Request::post(uri).body(Full::new(body.clone())).unwrap();
                let answer = client.request(request).await.unwrap();
                assert_eq!(answer.status(), StatusCode::OK);
                assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), body);
                let slow = client.get(format!("http://{address}/slow").parse().unwrap()).await;
                assert_eq!(
                    slow.unwrap().into_body().collect().await.unwrap().to_bytes(),
                    "at last"
                );
            });
        }
        assert_eq!(tasks.join_all().await.len(), 8);
    };
    simulate(seed, server, exchange).1
}

#[test]
fn one_seed_is_one_run_of_hyper() {
    for seed in 1..4 {
        assert_eq!(busy_world(seed), busy_world(seed), "seed {seed}");
    }
    assert_ne!(busy_world(1), busy_world(2));
}

/// A server and a client of each version, with a drain, wherever futures run.
async fn serve_and_ask() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let shutdown = GracefulShutdown::new();
    let server =
        serve(listener, service_fn(handle)).with_graceful_shutdown(shutdown.begun()).into_future();
    let ask = async {
        let mut two = hyper_util::client::legacy::Client::builder(minato::compat::Executor);
        let two = two.http2_only(true).build::<_, Full<Bytes>>(Connector::new());
        for client in [client(), two] {
            for size in [0, 1, 100_000, 3_000_000] {
                let body = Bytes::from(vec![size as u8; size]);
                let uri = format!("http://{address}/echo");
                let request = Request::post(uri).body(Full::new(body.clone())).unwrap();
                let answer = client.request(request).await.unwrap();
                assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), body);
            }
        }
        shutdown.begin();
    };
    let limit = Duration::from_secs(60);
    let (left, ()) = futures_join(timeout(limit, server), ask).await;
    assert_eq!(left.expect("the server ends").unwrap(), 0);
}

/// Both at once, by the pinned futures of std alone.
async fn futures_join<A: Future, B: Future>(one: A, two: B) -> (A::Output, B::Output) {
    let (mut one, mut two) = (std::pin::pin!(one), std::pin::pin!(two));
    let (mut first, mut second) = (None, None);
    std::future::poll_fn(move |cx| {
        use std::task::Poll;
        if first.is_none() {
            first = match one.as_mut().poll(cx) {
                Poll::Ready(output) => Some(output),
                Poll::Pending => None,
            };
        }
        if second.is_none() {
            second = match two.as_mut().poll(cx) {
                Poll::Ready(output) => Some(output),
                Poll::Pending => None,
            };
        }
        match (first.take(), second.take()) {
            (Some(one), Some(two)) => Poll::Ready((one, two)),
            (one, two) => {
                (first, second) = (one, two);
                Poll::Pending
            }
        }
    })
    .await
}

#[test]
fn both_kinds_of_runtime_and_a_foreign_executor_serve() {
    Builder::new_current_thread().build().unwrap().block_on(serve_and_ask());
    Builder::new_multi_thread().worker_threads(2).build().unwrap().block_on(serve_and_ask());
    pollster::block_on(serve_and_ask());
}

#[test]
fn an_upgraded_connection_is_a_stream_that_outlives_the_server() {
    async fn shout(mut request: Request<Incoming>) -> Answer {
        minato::spawn(async move {
            let upgraded = hyper::upgrade::on(&mut request).await.unwrap();
            let mut stream = FromHyper::new(upgraded);
            let mut five = [0; 5];
            while stream.read_exact(&mut five).await.is_ok() {
                stream.write_all(&five.map(|byte| byte.to_ascii_uppercase())).await.unwrap();
            }
        });
        let mut answer = Response::new(Full::default());
        *answer.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        answer.headers_mut().insert("connection", "upgrade".parse().unwrap());
        answer.headers_mut().insert("upgrade", "shout".parse().unwrap());
        Ok(answer)
    }
    minato::run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shutdown = GracefulShutdown::new();
        let server = serve(listener, service_fn(shout)).with_graceful_shutdown(shutdown.begun());
        let server = minato::spawn(server.into_future());
        let ask = "GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: shout\r\n\r\nfirst";
        let mut stream = connect(address, ask).await.unwrap();
        let mut text = Vec::new();
        while !text.ends_with(b"FIRST") {
            text.push(stream.read_u8().await.unwrap());
        }
        assert!(text.starts_with(b"HTTP/1.1 101"));
        shutdown.begin();
        assert_eq!(server.await.unwrap().unwrap(), 0);
        stream.write_all(b"later").await.unwrap();
        let mut five = [0; 5];
        stream.read_exact(&mut five).await.unwrap();
        assert_eq!(&five, b"LATER");
    });
}

#[test]
fn a_service_is_made_for_each_connection_and_sees_it() {
    minato::run(async {
        let folder = tempfile::tempdir().unwrap();
        let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = tcp.local_addr().unwrap();
        let peer_of = |peer: String| {
            service_fn(move |_: Request<Incoming>| {
                let answer = Response::new(Full::new(Bytes::from(peer.clone())));
                async { Answer::Ok(answer) }
            })
        };
        let server = serve_with(tcp, move |stream: &TcpStream| {
            peer_of(stream.peer_addr().unwrap().to_string())
        });
        let tcp_server = minato::spawn(server.into_future());
        let stream = connect(address, "GET / HTTP/1.0\r\n\r\n").await.unwrap();
        let own = stream.local_addr().unwrap().to_string();
        assert!(rest(stream).await.unwrap().ends_with(&own));
        // A Unix socket, by the same function.
        let path = folder.path().join("http");
        let unix = UnixListener::bind(&path).unwrap();
        let unix_server = minato::spawn(serve(unix, service_fn(handle)).into_future());
        let mut stream = UnixStream::connect(&path).await.unwrap();
        stream.write_all(b"GET / HTTP/1.0\r\n\r\n").await.unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        assert!(text.starts_with("HTTP/1.0 200"));
        // The end of the test waits for all tasks.
        tcp_server.abort();
        unix_server.abort();
    });
}

#[test]
fn dropping_the_server_ends_its_connections_and_frees_the_port() {
    minato::run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server =
            minato::spawn(serve(listener.into_listener(), service_fn(handle)).into_future());
        let never = connect(address, &request("/never")).await.unwrap();
        sleep(Duration::from_millis(50)).await;
        assert!(!server.is_finished());
        server.abort();
        assert!(server.await.unwrap_err().is_cancelled());
        assert_eq!(rest(never).await.unwrap_or_default(), "");
        assert!(TcpStream::connect(address).await.is_err());
    });
}

#[test]
fn a_limit_drops_the_answer_that_is_late() {
    let runtime = Builder::new_current_thread().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let service = service_fn(|seconds: u64| async move {
            sleep(Duration::from_secs(seconds)).await;
            if seconds == 3 { Err(io::Error::other("odd")) } else { Ok(seconds) }
        });
        let mut limited = Timeout::new(service, Duration::from_secs(10));
        let start = Instant::now();
        assert_eq!(limited.ready().await.unwrap().call(9).await.unwrap(), 9);
        assert_eq!(limited.call(3).await.unwrap_err().to_string(), "odd");
        let late = limited.call(11).await.unwrap_err();
        assert!(late.is::<minato::time::error::Elapsed>(), "{late}");
        assert_eq!(start.elapsed().as_secs(), 9 + 3 + 10);
    });
}

#[test]
fn a_connector_says_what_is_wrong_with_an_address() {
    minato::run(async {
        let connect = |uri: &str| Connector::new().call(uri.parse().unwrap());
        let error = connect("/path").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains("names no host"), "{error}");
        let error = connect("gopher://host/").await.unwrap_err();
        assert!(error.to_string().contains("gopher://host/"), "{error}");
        // A port that was just free: nobody listens there.
        let closed = TcpListener::bind("[::1]:0").await.unwrap().local_addr().unwrap().port();
        let error = connect(&format!("http://[::1]:{closed}/")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused, "{error}");
        let listener = TcpListener::bind("[::1]:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let stream = connect(&format!("http://[::1]:{port}/")).await.unwrap();
        assert!(stream.get_ref().nodelay().unwrap());
        let quiet = Connector::new().nodelay(false).limit(Duration::from_secs(60));
        let stream =
            { quiet }.call(format!("http://[::1]:{port}/").parse().unwrap()).await.unwrap();
        assert!(!stream.into_inner().nodelay().unwrap());
    });
}
