//! `minato top`: looks into a server at work, and into what is none.

use std::io::Write;
use std::net::TcpStream;
use std::os::unix::net::UnixListener;
use std::path::Path;

use crate::process::{Ended, Server, run};

fn once(socket: &Path) -> Ended {
    run(&["top", "--once", socket.to_str().unwrap()])
}

/// The error of a look at `socket`.
fn error(socket: &Path) -> String {
    let ended = once(socket);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""), "{ended:?}");
    assert!(ended.stderr.contains(socket.to_str().unwrap()), "{ended:?}");
    ended.stderr
}

#[test]
fn a_server_is_seen_with_its_connections() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("echo");
    let path = socket.to_str().unwrap();
    let server = Server::start(&["echo", "127.0.0.1:0", "--workers", "2", "--inspect", path]);
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.write_all(b"ahoy").unwrap();
    let (client, address) = (stream.local_addr().unwrap(), server.address);
    let connection = format!("tcp read {address} - {client}");
    let text = loop {
        let ended = once(&socket);
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
        if ended.stdout.contains(&connection) {
            break ended.stdout;
        }
    };
    assert!(text.contains("multi_thread") && text.contains("serve.rs"), "{text}");
    // The runtime has two workers.
    assert!(text.lines().any(|line| line.trim_start().starts_with("1 ")), "{text}");
    // Without a terminal there is no live look.
    let ended = run(&["top", path]);
    assert!(ended.code == Some(1) && ended.stderr.contains("--once"), "{ended:?}");
    drop(stream);
    server.interrupt();
    assert_eq!(server.end().code, Some(0));
    assert!(error(&socket).contains("there is no such socket"));
}

#[test]
fn what_gives_no_looks_is_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("other");
    assert!(error(&socket).contains("there is no such socket"));
    std::fs::write(&socket, "").unwrap();
    assert!(error(&socket).contains("it is no socket"));
    std::fs::remove_file(&socket).unwrap();
    // Of a program that speaks another language.
    let listener = UnixListener::bind(&socket).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let (mut stream, _) = listener.accept().unwrap();
            stream.write_all(b"220 mail\r\n").unwrap();
        });
        assert!(error(&socket).contains("gives no looks: it answered `220 mail"));
        scope.spawn(|| drop(listener.accept().unwrap()));
        assert!(error(&socket).contains("has ended"));
        scope.spawn(|| {
            let (mut stream, _) = listener.accept().unwrap();
            stream.write_all(b"minato 9 pid=1\n\n").unwrap();
        });
        assert!(error(&socket).contains("version 9"));
    });
    drop(listener);
    assert!(error(&socket).contains("has ended"));
}
