//! Sockets that a process is given when it is started: by a parent that does what systemd does,
//! and by systemd's own program.

use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use minato::io::{AsyncReadExt, AsyncWriteExt};
use minato::net::{
    AsyncFd, TcpListener, UdpSocket, UnixListener, UnixStream, inherited_descriptors,
};

use crate::kit::child::own_name;
use crate::kit::{child_command, current_thread, in_child, is_child, tally, watchdog};

/// Starts the test `name` as a service to which `descriptors` are passed, from 3 on. The shell
/// knows the number of the process that it becomes.
fn start(name: &str, descriptors: &[RawFd], names: Option<&str>) -> Child {
    let plain = child_command(name);
    let mut command = Command::new("sh");
    command.args(["-c", r#"LISTEN_PID=$$ exec "$@""#, "sh"]).arg(plain.get_program());
    command.args(plain.get_args()).stdout(Stdio::piped()).stderr(Stdio::piped());
    for (variable, value) in plain.get_envs() {
        if let Some(value) = value {
            command.env(variable, value);
        }
    }
    command.env("LISTEN_FDS", descriptors.len().to_string());
    if let Some(names) = names {
        command.env("LISTEN_FDNAMES", names);
    }
    // Out of the way of the numbers that they get.
    // SAFETY: these are open, and the duplicates are closed by the child's `exec` or its end.
    let high = |fd: &RawFd| unsafe { libc::fcntl(*fd, libc::F_DUPFD_CLOEXEC, 100) };
    let high: Vec<RawFd> = descriptors.iter().map(high).collect();
    let theirs = high.clone();
    // SAFETY: nothing but `dup2` is called between fork and exec.
    unsafe {
        command.pre_exec(move || {
            for (index, from) in theirs.iter().enumerate() {
                if libc::dup2(*from, 3 + index as RawFd) == -1 {
                    return Err(std::io::Error::last_os_error());
                }
            }
            Ok(())
        });
    }
    let child = command.spawn().unwrap();
    // SAFETY: they were made above, and nobody else knows them.
    high.into_iter().for_each(|fd| _ = unsafe { libc::close(fd) });
    child
}

/// Waits for the end of a child, which must have passed its test.
fn finish(child: Child) {
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("1 passed"), "{text}\n{errors}");
}

#[test]
fn every_kind_is_taken_over_by_name() {
    let name = own_name!(every_kind_is_taken_over_by_name);
    if is_child(&name) {
        return current_thread().block_on(serve());
    }
    let _watchdog = watchdog();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("control");
    let tcp = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let unix = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let udp = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
    let descriptors = [tcp.as_raw_fd(), unix.as_raw_fd(), udp.as_raw_fd(), theirs.as_raw_fd()];
    let child = start(&name, &descriptors, Some("http:control:dns:"));
    // The queue of the listener is there before the service.
    let mut client = std::net::TcpStream::connect(tcp.local_addr().unwrap()).unwrap();
    let mut control = std::os::unix::net::UnixStream::connect(&path).unwrap();
    let asking = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    asking.send_to(b"dns?", udp.local_addr().unwrap()).unwrap();
    drop((tcp, unix, udp, theirs));
    let mut answer = [0; 4];
    for stream in [&mut client as &mut dyn Read, &mut control, &mut &ours] {
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"ahoy");
    }
    assert_eq!(asking.recv(&mut [0; 8]).unwrap(), 4);
    (&ours).write_all(b"end").unwrap();
    finish(child);
}

async fn serve() {
    let passed = inherited_descriptors().unwrap();
    let names: Vec<_> = passed.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["http", "control", "dns", ""]);
    assert!(inherited_descriptors().unwrap().is_empty(), "they are given out once");
    for (_, descriptor) in &passed {
        // SAFETY: it is asked for its flags.
        let flags = unsafe { libc::fcntl(descriptor.as_raw_fd(), libc::F_GETFD) };
        assert_eq!(flags, libc::FD_CLOEXEC, "a child would inherit it");
    }
    // A socket of another kind is told from its own.
    let twin = passed[0].1.try_clone().unwrap();
    assert_eq!(UnixListener::try_from(twin).unwrap_err().kind(), ErrorKind::InvalidInput);
    let mut passed = passed.into_iter().map(|(_, descriptor)| descriptor);
    let http = TcpListener::try_from(passed.next().unwrap()).unwrap();
    let control = UnixListener::try_from(passed.next().unwrap()).unwrap();
    let dns = UdpSocket::try_from(passed.next().unwrap()).unwrap();
    let mut stream = UnixStream::try_from(passed.next().unwrap()).unwrap();
    http.accept().await.unwrap().0.write_all(b"ahoy").await.unwrap();
    control.accept().await.unwrap().0.write_all(b"ahoy").await.unwrap();
    let (_, from) = dns.recv_from(&mut [0; 8]).await.unwrap();
    dns.send_to(b"dns!", from).await.unwrap();
    stream.write_all(b"ahoy").await.unwrap();
    stream.read_exact(&mut [0; 3]).await.unwrap();
}

#[test]
fn what_is_no_socket_and_has_no_name_comes_too() {
    let name = own_name!(what_is_no_socket_and_has_no_name_comes_too);
    if is_child(&name) {
        return current_thread().block_on(async {
            let mut passed = inherited_descriptors().unwrap().into_iter();
            let (name, reader) = passed.next().unwrap();
            assert_eq!((name.as_str(), passed.next().map(|_| ())), ("unknown", None));
            let error = TcpListener::try_from(reader.try_clone().unwrap()).unwrap_err();
            assert!(matches!(error.raw_os_error(), Some(libc::ENOTSOCK) | None), "{error}");
            let pipe = AsyncFd::from_owner(reader).unwrap();
            drop(pipe.readable().await.unwrap());
        });
    }
    let _watchdog = watchdog();
    let (reader, mut writer) = std::io::pipe().unwrap();
    let child = start(&name, &[reader.as_raw_fd()], None);
    writer.write_all(b"x").unwrap();
    finish(child);
}

/// Sets or removes the three variables.
fn set(pid: Option<&str>, count: Option<&str>, names: Option<&str>) {
    for (variable, value) in [("LISTEN_PID", pid), ("LISTEN_FDS", count), ("LISTEN_FDNAMES", names)]
    {
        // SAFETY: this process runs one test, and no other thread of it looks at its environment.
        unsafe {
            match value {
                Some(value) => std::env::set_var(variable, value),
                None => std::env::remove_var(variable),
            }
        }
    }
}

#[test]
fn variables_of_nobody_or_of_a_parent_give_nothing() {
    in_child(own_name!(variables_of_nobody_or_of_a_parent_give_nothing), || {
        let own = std::process::id().to_string();
        let own = Some(own.as_str());
        let nothing = [
            (None, None, None),
            (None, Some("2"), None),
            // A parent's.
            (Some("1"), Some("2"), Some("a:b")),
            (own, None, None),
            (own, Some("0"), None),
            (own, Some("0"), Some("")),
        ];
        for (pid, count, names) in nothing {
            set(pid, count, names);
            assert_eq!(inherited_descriptors().unwrap().len(), 0, "{pid:?} {count:?} {names:?}");
        }
    });
}

#[test]
fn wrong_numbers_and_names_are_told() {
    in_child(own_name!(wrong_numbers_and_names_are_told), || {
        let own = std::process::id().to_string();
        let own = Some(own.as_str());
        let wrong = [
            (Some("me"), Some("1"), None, "LISTEN_PID is \"me\""),
            (Some("-1"), Some("1"), None, "LISTEN_PID"),
            (own, Some("many"), None, "LISTEN_FDS is \"many\""),
            (own, Some("-1"), None, "LISTEN_FDS"),
            (own, Some(""), None, "LISTEN_FDS"),
            (own, Some("99999999999"), None, "LISTEN_FDS"),
            (own, Some("2"), Some("one"), "LISTEN_FDNAMES has 1 names for 2 descriptors"),
            (own, Some("1"), Some("one:two"), "LISTEN_FDNAMES has 2 names for 1 descriptors"),
        ];
        for (pid, count, names, text) in wrong {
            set(pid, count, names);
            let error = inherited_descriptors().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidData);
            assert!(error.to_string().contains(text), "{error}");
        }
        // Nothing has the number 3 here.
        // SAFETY: whatever it is, it is only asked.
        assert_eq!(unsafe { libc::fcntl(3, libc::F_GETFD) }, -1, "what is 3?");
        set(own, Some("4294967295"), None);
        let error = inherited_descriptors().unwrap_err();
        assert!(error.to_string().contains("the descriptor 3, which"), "{error}");
    });
}

/// systemd's own program, which listens, and starts the service when somebody comes.
#[test]
fn systemd_starts_it_with_the_first_client() {
    let name = own_name!(systemd_starts_it_with_the_first_client);
    if is_child(&name) {
        return current_thread().block_on(async {
            let (name, descriptor) = inherited_descriptors().unwrap().pop().unwrap();
            assert_eq!(name, "web");
            let listener = UnixListener::try_from(descriptor).unwrap();
            listener.accept().await.unwrap().0.write_all(b"ahoy").await.unwrap();
        });
    }
    let program = Path::new("/usr/bin/systemd-socket-activate");
    if !program.exists() {
        return tally::skipped_because(&name, "there is no systemd-socket-activate");
    }
    let _watchdog = watchdog();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let plain = child_command(&name);
    let mut command = Command::new(program);
    command.arg("--fdname=web").arg("-l").arg(&path);
    for (variable, value) in plain.get_envs() {
        if let Some(value) = value {
            command.arg("-E").arg(format!("{}={}", variable.display(), value.display()));
        }
    }
    command.arg(plain.get_program()).args(plain.get_args());
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut client = loop {
        match std::os::unix::net::UnixStream::connect(&path) {
            Ok(client) => break client,
            // It does not listen yet.
            Err(_) => std::thread::sleep(std::time::Duration::from_millis(5)),
        }
    };
    let mut answer = [0; 4];
    client.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"ahoy");
    finish(child);
}
