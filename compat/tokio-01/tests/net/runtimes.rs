//! Sockets on this crate's runtimes.

use futures::stream::FuturesUnordered;
use futures::{Future, Stream, future};
use tokio::io::{self, AsyncRead};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::reactor::Handle;
use tokio::runtime::{Builder, Runtime, current_thread};

use crate::kit::{loopback, tcp_and_std, tcp_listener};

/// Echoes to each client, and ends after `clients`.
fn echo(listener: TcpListener, clients: u64) -> impl Future<Item = (), Error = ()> + Send {
    listener.incoming().map_err(drop).take(clients).for_each(|socket| {
        let (reader, writer) = socket.split();
        tokio::spawn(
            io::copy(reader, writer)
                .and_then(|(_, _, writer)| io::shutdown(writer))
                .map(drop)
                .map_err(drop),
        )
    })
}

fn ask(address: &std::net::SocketAddr) -> impl Future<Item = Vec<u8>, Error = io::Error> + use<> {
    TcpStream::connect(address)
        .and_then(|socket| io::write_all(socket, b"ahoy"))
        .and_then(|(socket, _)| io::shutdown(socket))
        .and_then(|socket| io::read_to_end(socket, Vec::new()))
        .map(|(_, all)| all)
}

/// In tokio 0.1 this waited for ever: the worker's reactor was turned only by the worker, which
/// waited.
#[test]
fn wait_works_on_the_only_worker() {
    let mut runtime = Builder::new().core_threads(1).build().unwrap();
    let answer = runtime.block_on(future::lazy(|| {
        let listener = tcp_listener();
        let client = TcpStream::connect(&listener.local_addr().unwrap());
        let accepted = listener.incoming().into_future().map_err(|(error, _)| error);
        let (client, (server, _)) = client.join(accepted).wait()?;
        io::write_all(server.unwrap(), b"ahoy").wait()?;
        io::read_exact(client, [0; 4]).wait().map(|(_, buf)| buf)
    }));
    assert_eq!(&answer.unwrap(), b"ahoy");
}

#[test]
fn wait_works_on_a_runtime_of_one_thread() {
    let mut runtime = current_thread::Runtime::new().unwrap();
    let answer = runtime.block_on(future::lazy(|| {
        let (client, server) = tcp_and_std();
        let mut server = server;
        std::io::Write::write_all(&mut server, b"ahoy").unwrap();
        io::read_exact(client, [0; 4]).wait().map(|(_, buf)| buf)
    }));
    assert_eq!(&answer.unwrap(), b"ahoy");
}

#[test]
fn many_clients_of_a_server_on_threads() {
    let mut runtime = Runtime::new().unwrap();
    let listener = tcp_listener();
    let address = listener.local_addr().unwrap();
    runtime.spawn(echo(listener, 50));
    let all: FuturesUnordered<_> = (0..50).map(|_| ask(&address)).collect();
    let answers = runtime.block_on(all.collect()).unwrap();
    assert_eq!(answers.len(), 50);
    assert!(answers.iter().all(|answer| answer == b"ahoy"));
    runtime.shutdown_on_idle().wait().unwrap();
}

#[test]
fn many_clients_of_a_server_on_one_thread() {
    let listener = tcp_listener();
    let address = listener.local_addr().unwrap();
    let all: FuturesUnordered<_> = (0..20).map(|_| ask(&address)).collect();
    let serving = future::lazy(move || {
        tokio::runtime::current_thread::spawn(echo(listener, 20));
        all.collect()
    });
    let answers = current_thread::block_on_all(serving).unwrap();
    assert_eq!(answers.len(), 20);
    assert!(answers.iter().all(|answer| answer == b"ahoy"));
}

/// The halves of one shared connection, in tasks of their own.
#[test]
fn a_connection_that_two_tasks_share() {
    let (client, mut server) = tcp_and_std();
    let client = std::sync::Arc::new(client);
    let mut runtime = Runtime::new().unwrap();
    let (reading, writing) = (client.clone(), client);
    let (sender, receiver) = futures::sync::oneshot::channel();
    runtime.spawn(future::lazy(move || {
        let mut buf = [0; 4];
        future::poll_fn(move || (&*reading).poll_read(&mut buf))
            .then(|read| sender.send(read.unwrap()).map_err(drop))
    }));
    runtime.spawn(future::lazy(move || {
        future::poll_fn(move || io::AsyncWrite::poll_write(&mut &*writing, b"ahoy"))
            .map(drop)
            .map_err(drop)
    }));
    let mut buf = [0; 4];
    std::io::Read::read_exact(&mut server, &mut buf).unwrap();
    std::io::Write::write_all(&mut server, &buf).unwrap();
    assert_eq!(receiver.wait().unwrap(), 4);
    runtime.shutdown_on_idle().wait().unwrap();
}

#[test]
#[allow(deprecated, reason = "it is still there")]
fn a_runtime_names_its_reactor() {
    let mut runtime = current_thread::Runtime::new().unwrap();
    let socket = std::net::UdpSocket::bind(loopback()).unwrap();
    let socket = UdpSocket::from_std(socket, &Handle::default()).unwrap();
    let to = socket.local_addr().unwrap();
    let sent = runtime.block_on(socket.send_dgram(b"ahoy", &to)).unwrap().0;
    assert_eq!(runtime.block_on(sent.recv_dgram([0; 8])).unwrap().2, 4);

    let mut threads = Runtime::new().unwrap();
    let socket = std::net::UdpSocket::bind(loopback()).unwrap();
    let socket = UdpSocket::from_std(socket, threads.reactor()).unwrap();
    let to = socket.local_addr().unwrap();
    let received = threads.block_on(
        socket.send_dgram(b"ahoy", &to).and_then(|(socket, _)| socket.recv_dgram([0; 8])),
    );
    assert_eq!(received.unwrap().2, 4);
}
