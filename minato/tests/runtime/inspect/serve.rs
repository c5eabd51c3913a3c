//! Looks through a Unix socket: who may, what is answered, and what is there already.

use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

use futures::channel::oneshot::Receiver;
use minato::inspect::{Server, serve, snapshot};

use crate::kit::{current_thread, multi_thread, watchdog};

/// Sends `request` and reads the answer, up to its empty line.
fn ask(stream: &mut BufReader<UnixStream>, request: &str) -> String {
    stream.get_mut().write_all(request.as_bytes()).unwrap();
    answer(stream)
}

fn answer(stream: &mut BufReader<UnixStream>) -> String {
    let mut text = String::new();
    loop {
        match stream.read_line(&mut text).unwrap() {
            0 => panic!("ended after {text:?}"),
            1 => return text,
            _ => {}
        }
    }
}

fn connect(path: &Path) -> BufReader<UnixStream> {
    BufReader::new(UnixStream::connect(path).unwrap())
}

fn names(folder: &Path) -> Vec<String> {
    let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name();
    fs::read_dir(folder).unwrap().map(|it| name(it).into_string().unwrap()).collect()
}

#[test]
fn answers_on_whatever_executor_it_is_spawned() {
    let _watchdog = watchdog();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("look");
    let runtime = multi_thread(1);
    let check = || {
        let mut stream = connect(&path);
        for _ in 0..3 {
            let text = ask(&mut stream, "snapshot\n");
            assert!(text.starts_with("minato 1 pid=") && text.ends_with("\n\n"), "{text}");
            assert!(text.contains("\nruntime id="), "{text}");
        }
        // Two requests in one go, and one in two.
        stream.get_mut().write_all(b"snapshot 0\nsnapshot ").unwrap();
        let text = answer(&mut stream);
        assert!(!text.contains(" task id="), "{text}");
        assert!(ask(&mut stream, "1\n").starts_with("minato 1 "));
    };
    // On a runtime of ours.
    let serving = runtime.spawn(serve(&path).unwrap().run());
    check();
    serving.abort();
    assert!(runtime.block_on(serving).unwrap_err().is_cancelled());
    assert_eq!(names(folder.path()), [""; 0]);
    // On the thread of a `block_on` of ours, and on other executors.
    let (server, runtime) = (serve(&path).unwrap(), current_thread());
    let until = |end: Receiver<()>, server: Server| async {
        futures::future::select(Box::pin(server.run()), end).await;
    };
    let executors: [&dyn Fn(futures::future::BoxFuture<'static, ()>); 4] =
        [&|future| runtime.block_on(future), &pollster::block_on, &smol::block_on, &|future| {
            tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
        }];
    drop(server);
    for executor in executors {
        let server = serve(&path).unwrap();
        let (end, ended) = futures::channel::oneshot::channel();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let _end = end;
                check();
            });
            executor(Box::pin(until(ended, server)));
        });
        assert_eq!(names(folder.path()), [""; 0]);
    }
}

#[test]
fn the_socket_is_the_users_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("look");
    let _server = serve(&path).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(names(folder.path()), ["look"]);
}

#[test]
fn what_is_there_already_is_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("look");
    let error = |kind: ErrorKind, what: &str| {
        let error = serve(&path).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        let text = error.to_string();
        assert!(text.contains(what) && text.contains(path.to_str().unwrap()), "{text}");
    };
    // A living program, which is this one.
    let server = serve(&path).unwrap();
    error(ErrorKind::AddrInUse, &format!("process {} listens there", std::process::id()));
    drop(server);
    // A dead one: std leaves the file behind.
    drop(UnixListener::bind(&path).unwrap());
    drop(serve(&path).unwrap());
    assert_eq!(names(folder.path()), [""; 0]);
    // One with a full queue is alive.
    let full = UnixListener::bind(&path).unwrap();
    let mut waiting = Vec::new();
    loop {
        let socket = minato::net::UnixSocket::new_stream().unwrap();
        match futures::executor::block_on(async { futures::poll!(Box::pin(socket.connect(&path))) })
        {
            std::task::Poll::Ready(stream) => waiting.push(stream.unwrap()),
            std::task::Poll::Pending => break,
        }
    }
    error(ErrorKind::AddrInUse, "listens there");
    drop((full, waiting));
    // What is no socket is left alone.
    fs::remove_file(&path).unwrap();
    fs::write(&path, "mine").unwrap();
    error(ErrorKind::AlreadyExists, "no socket");
    assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
    fs::remove_file(&path).unwrap();
    // Another user's, which only root can make here.
    drop(UnixListener::bind(&path).unwrap());
    if std::os::unix::fs::chown(&path, Some(12_345), None).is_ok() {
        error(ErrorKind::PermissionDenied, "belongs to the user 12345");
        assert_eq!(fs::metadata(&path).unwrap().uid(), 12_345);
    } else {
        println!("skipped: only root can give a file to another user");
    }
    fs::remove_file(&path).unwrap();
    assert_eq!(names(folder.path()), [""; 0]);
    // A folder that is not there.
    let nowhere = folder.path().join("no/such/folder");
    assert_eq!(serve(&nowhere).unwrap_err().kind(), ErrorKind::NotFound);
}

#[test]
fn a_file_that_has_taken_the_place_is_not_removed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("look");
    let server = serve(&path).unwrap();
    fs::remove_file(&path).unwrap();
    fs::write(&path, "another").unwrap();
    drop(server);
    assert_eq!(fs::read_to_string(&path).unwrap(), "another");
}

#[test]
fn bad_requests_get_an_answer_and_harm_nobody() {
    let _watchdog = watchdog();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("look");
    let runtime = multi_thread(1);
    let serving = runtime.spawn(serve(&path).unwrap().run());
    let mut stream = connect(&path);
    for bad in ["\n", "json\n", "snapshot many\n", "snapshot 1 2\n", "snapshot -1\n", "\0\n"] {
        let answer = ask(&mut stream, bad);
        assert!(answer.starts_with("error: the only request is "), "{bad:?}: {answer}");
    }
    // Without an end: told, and closed.
    stream.get_mut().write_all(&[b'x'; 1000]).unwrap();
    let mut rest = String::new();
    _ = stream.read_to_string(&mut rest);
    assert!(rest.starts_with("error: a request is one short line") || rest.is_empty(), "{rest}");
    // More programs than are answered at a time, some of which ask and do not read: as these go,
    // the others are answered.
    let mut many: Vec<_> = (0..28).map(|_| connect(&path)).collect();
    many.iter_mut().for_each(|one| one.get_mut().write_all(b"snapshot\n").unwrap());
    let mut last = many.pop().unwrap();
    drop(many);
    assert!(answer(&mut last).starts_with("minato 1 "));
    assert!(!serving.is_finished());
    // The runtime ends, and takes the server and its file along.
    let id = runtime.handle().id();
    drop(runtime);
    assert!(snapshot().runtime(id).is_none() && serving.is_finished());
    assert_eq!(names(folder.path()), [""; 0]);
}
