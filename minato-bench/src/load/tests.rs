//! The load generator against servers of the standard library.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::thread;
use std::time::Duration;

use clap::Parser;

use super::{Figures, LoadOptions, run};
use crate::peer::BLOCKING;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    options: LoadOptions,
}

fn options(address: SocketAddr, words: &str) -> LoadOptions {
    let address = address.to_string();
    let words = ["load", &address].into_iter().chain(words.split_whitespace());
    Line::try_parse_from(words).unwrap().options
}

fn loaded(address: SocketAddr, words: &str) -> io::Result<Figures> {
    run(&options(address, words))
}

/// A server that gives each connection a thread.
fn server(serve: impl Fn(TcpStream) -> io::Result<()> + Copy + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || serve(stream));
        }
    });
    address
}

fn echo(mut stream: TcpStream) -> io::Result<()> {
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer)? {
            0 => return Ok(()),
            length => stream.write_all(&buffer[..length])?,
        }
    }
}

fn udp_echo(every: usize) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    thread::spawn(move || {
        let mut buffer = [0; 2048];
        for turn in 1.. {
            let (length, from) = socket.recv_from(&mut buffer).unwrap();
            if turn % every == 0 {
                socket.send_to(&buffer[..length], from).unwrap();
            }
        }
    });
    address
}

#[test]
fn a_number_of_operations_is_kept_exactly() {
    let address = server(echo);
    for (wanted, words) in [
        (1000, "--connections 3"),
        (1000, "--connections 3 --pipeline 16"),
        (1000, "--connections 7 --lockstep"),
        (100, "--connections 2 --size 100000 --pipeline 4"),
        (1, "--connections 1 --size 1"),
    ] {
        let figures = loaded(address, &format!("{words} --operations {wanted}")).unwrap();
        assert_eq!(figures.operations, wanted, "{words}");
        assert_eq!(figures.unanswered, 0, "{words}");
        assert!(figures.latency.is_some(), "{words}");
    }
}

#[test]
fn a_time_is_kept_and_the_server_is_watched() {
    let pid = std::process::id();
    let words =
        format!("--connections 2 --seconds 0.1 --warm-up 0.02 --idle 5 --rest 0.05 --pid {pid}");
    let figures = loaded(server(echo), &words).unwrap();
    assert!(figures.operations > 0);
    assert!(figures.nanoseconds >= 100_000_000);
    let server = figures.server.unwrap();
    assert!(server.cpu_nanoseconds > 0);
    assert!(server.bytes_per_idle.is_some());
    assert!(server.rest_nanoseconds_per_second.is_some());
}

#[test]
fn an_open_loop_charges_a_stall_to_all_that_wait_behind_it() {
    // The server stalls for 200 ms at its 50th request of a connection; a loop that waited for the
    // answer before it sent again would see one slow request.
    let address = server(|mut stream| {
        let mut request = [0; 64];
        for turn in 0.. {
            stream.read_exact(&mut request)?;
            if turn == 50 {
                thread::sleep(Duration::from_millis(200));
            }
            stream.write_all(&request)?;
        }
        Ok(())
    });
    let words = "--connections 1 --rate 1000 --seconds 0.4 --warm-up 0";
    let figures = loaded(address, words).unwrap();
    let latency = figures.latency.unwrap();
    assert!(latency.at(100.0).unwrap() >= 190_000.0);
    // About 200 of 400 requests were due during the stall, so those above the 75th percentile
    // waited long.
    assert!(latency.at(90.0).unwrap() >= 20_000.0, "{latency:?}");
}

#[test]
fn what_is_never_answered_is_counted() {
    let address = server(|mut stream| {
        let mut request = [0; 64];
        for _ in 0..10 {
            stream.read_exact(&mut request)?;
            stream.write_all(&request)?;
        }
        thread::sleep(Duration::from_secs(60));
        Ok(())
    });
    let figures = loaded(address, "--connections 1 --rate 500 --seconds 0.1 --warm-up 0").unwrap();
    assert!(figures.unanswered > 0);
    assert!(figures.latency.unwrap().at(100.0).unwrap() > 1_000_000.0);
}

#[test]
fn requests_that_block_come_on_a_connection_of_their_own() {
    let address = server(|mut stream| {
        let mut request = [0; 64];
        let mut blocking = 0;
        loop {
            stream.read_exact(&mut request)?;
            blocking += usize::from(request[0] == BLOCKING);
            if blocking > 0 {
                // What is measured would show it.
                thread::sleep(Duration::from_secs(2));
            }
            stream.write_all(&request)?;
        }
    });
    // The connection's first request is answered late, before the load begins.
    let words = "--connections 2 --rate 500 --seconds 0.3 --warm-up 0 --block-every 0.1";
    let figures = loaded(address, words).unwrap();
    assert_eq!(figures.unanswered, 0);
    assert!(figures.latency.unwrap().at(50.0).unwrap() < 1_000_000.0);
}

#[test]
fn a_wrong_answer_and_a_closed_connection_are_errors() {
    let wrong = server(|mut stream| {
        let mut request = [0; 64];
        for turn in 0_u8.. {
            stream.read_exact(&mut request)?;
            request[63] ^= u8::from(turn == 5);
            stream.write_all(&request)?;
        }
        Ok(())
    });
    let error = loaded(wrong, "--connections 1 --operations 100").unwrap_err();
    assert!(error.to_string().contains("differs"), "{error}");

    let closing = server(|mut stream| {
        let mut request = [0; 64];
        for _ in 0..5 {
            stream.read_exact(&mut request)?;
            stream.write_all(&request)?;
        }
        Ok(())
    });
    assert!(loaded(closing, "--connections 1 --operations 100").is_err());
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = loaded(nobody, "--connections 1 --operations 1").unwrap_err();
    assert!(error.to_string().contains("connecting"), "{error}");
}

#[test]
fn churn_needs_the_answer_and_then_the_end() {
    let once = server(|mut stream| {
        let mut buffer = [0; 4096];
        let length = stream.read(&mut buffer)?;
        stream.write_all(&buffer[..length])
    });
    let figures = loaded(once, "--mode churn --connections 4 --operations 200").unwrap();
    assert_eq!(figures.operations, 200);
    let timed = loaded(once, "--mode churn --connections 4 --seconds 0.1").unwrap();
    assert!(timed.operations > 0 && timed.latency.is_some());
    let early = server(|mut stream| stream.read_exact(&mut [0; 64]));
    assert!(loaded(early, "--mode churn --connections 1 --operations 1").is_err());
}

#[test]
fn bulk_counts_bytes_to_the_end() {
    let address = server(|mut stream| {
        let mut buffer = vec![0; 65536];
        while stream.read(&mut buffer)? > 0 {}
        Ok(())
    });
    let words = "--mode bulk --connections 2 --size 65536 --operations 10000000";
    assert_eq!(loaded(address, words).unwrap().operations, 10_000_000);
    assert!(loaded(server(echo), words).is_err(), "an echo is no sink");
}

#[test]
fn datagrams_are_counted_and_replaced_when_lost() {
    let words = "--mode udp-echo --connections 2 --pipeline 4 --operations 500";
    assert!(loaded(udp_echo(1), words).unwrap().operations >= 500);
    let segments = "--mode udp-echo --connections 1 --pipeline 8 --segments 4 --operations 100";
    assert!(loaded(udp_echo(1), segments).unwrap().operations >= 100);
    let lossy = "--mode udp-echo --connections 1 --pipeline 2 --operations 10";
    assert!(loaded(udp_echo(3), lossy).unwrap().unanswered > 0);
}

#[test]
fn a_stream_of_datagrams_is_sent_in_bulk() {
    for words in ["--operations 1000", "--operations 1000 --segments 10"] {
        let figures = loaded(udp_echo(usize::MAX), &format!("--mode udp-stream {words}")).unwrap();
        assert_eq!(figures.operations, 1000);
    }
}

#[test]
fn options_that_make_no_sense_are_refused() {
    let address: SocketAddr = "127.0.0.1:1".parse().unwrap();
    for words in ["--connections 0", "--size 0", "--rate 0", "--mode udp-echo --size 4"] {
        assert!(loaded(address, words).is_err(), "{words}");
    }
    let parse = |words: &str| Line::try_parse_from(words.split_whitespace()).is_ok();
    assert!(parse("load 127.0.0.1:1"));
    assert!(!parse("load"));
    assert!(!parse("load 127.0.0.1:1 --seconds -1"));
    assert!(!parse("load 127.0.0.1:1 --rate 5 --operations 5"));
}
