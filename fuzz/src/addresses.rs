//! Text that may be an address: what std takes is taken with the same meaning, and anything else is
//! an error or a name, never a panic. Names are looked up in a world that has none, so that nobody
//! is asked. Paths and names of Unix sockets are bytes.

use std::ffi::OsStr;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use minato::engine::Engine;
use minato::net::{UnixDatagram, lookup_host};
use minato::runtime::{Builder, Runtime};
use minato::sim::World;

thread_local! {
    static RUNTIME: Runtime = Builder::new_current_thread()
        .engine(Engine::sim(World::new(0).host("here")))
        .build()
        .expect("a simulated runtime needs nothing of the system");
}

/// The result of a look-up, in a form that can be compared.
type Found = Result<Vec<SocketAddr>, io::ErrorKind>;

fn found(result: io::Result<impl Iterator<Item = SocketAddr>>) -> Found {
    result.map(Iterator::collect).map_err(|error| error.kind())
}

fn look_up(text: &str) -> Found {
    RUNTIME.with(|runtime| found(runtime.block_on(lookup_host(text))))
}

fn look_up_pair(host: &str, port: u16) -> Found {
    RUNTIME.with(|runtime| found(runtime.block_on(lookup_host((host, port)))))
}

/// Looks the input up as text, and uses it as the path of a socket.
pub(crate) fn run(input: &[u8]) {
    if let Ok(text) = std::str::from_utf8(input) {
        check_text(text);
    }
    check_path(input);
}

fn check_text(text: &str) {
    let found = look_up(text);
    if let Ok(address) = text.parse::<SocketAddr>() {
        assert_eq!(found, Ok(vec![address]), "{text:?}");
    }
    match text.rsplit_once(':').map(|(host, port)| (host, port.parse::<u16>())) {
        Some((host, Ok(port))) => {
            if text.parse::<SocketAddr>().is_err() {
                assert_eq!(found, look_up_pair(host, port), "{text:?}");
            }
            if let Ok(address) = host.parse::<IpAddr>() {
                assert_eq!(look_up_pair(host, port), Ok(vec![(address, port).into()]), "{text:?}");
            }
        }
        _ => assert_eq!(found, Err(io::ErrorKind::InvalidInput), "{text:?}"),
    }
    // An address that was found is written in a form that finds it.
    for address in found.into_iter().flatten() {
        assert_eq!(look_up(&address.to_string()), Ok(vec![address]), "{text:?}");
    }
}

/// Connecting a socket to a path that nobody has is an error, and no more.
fn check_path(input: &[u8]) {
    // No file of this machine is meant.
    let path = [b"/nowhere/", input].concat();
    let socket = UnixDatagram::unbound().expect("a socket can be made");
    assert!(socket.connect(Path::new(OsStr::from_bytes(&path))).is_err());
    assert_eq!(
        socket.peer_addr().err().map(|error| error.kind()),
        Some(io::ErrorKind::NotConnected)
    );
}
