//! Listeners while descriptors are short: the stream of connections survives.

use futures::StreamExt;
use minato::io::AsyncWriteExt;
use minato::net::{TcpListener, TcpStream, UnixListener, UnixStream};

use crate::kit::child::{in_child, own_name};
use crate::kit::{At, Need, in_worlds, net, outcome_text};

/// Two connections wait, and no descriptor is left but for one: the first is given out, the second
/// when the first is gone.
async fn accepts_as_descriptors_come_back(listener: TcpListener, use_up: fn() -> Spare) {
    let address = listener.local_addr().unwrap();
    let mut one = TcpStream::connect(address).await.unwrap();
    let mut two = TcpStream::connect(address).await.unwrap();
    one.write_all(b"1").await.unwrap();
    two.write_all(b"2").await.unwrap();
    let mut spare = use_up();
    let short = listener.accept().await.map(drop);
    assert_eq!(
        short.as_ref().unwrap_err().raw_os_error(),
        Some(libc::EMFILE),
        "{}",
        outcome_text(&short)
    );

    let mut incoming = listener.incoming();
    assert!(futures::poll!(incoming.next()).is_pending());
    // A pause comes in between, and then another, longer one.
    minato::time::sleep(std::time::Duration::from_millis(20)).await;
    assert!(futures::poll!(incoming.next()).is_pending());
    drop(spare.pop());
    let mut first = incoming.next().await.unwrap().unwrap();
    assert_eq!(net::read_all(&mut first, 1).await, b"1");
    assert!(futures::poll!(incoming.next()).is_pending());
    drop(first);
    let mut second = incoming.next().await.unwrap().unwrap();
    assert_eq!(net::read_all(&mut second, 1).await, b"2");
}

/// What keeps descriptors taken.
type Spare = Vec<Box<dyn std::any::Any + Send>>;

fn simulated_spares() -> Spare {
    let mut spare: Spare = Vec::new();
    loop {
        match minato::net::TcpSocket::new_v4() {
            Ok(socket) => spare.push(Box::new(socket)),
            Err(error) => {
                assert_eq!(error.raw_os_error(), Some(libc::EMFILE));
                return spare;
            }
        }
    }
}

#[test]
fn incoming_survives_a_shortage_of_simulated_descriptors() {
    let name = "incoming_survives_a_shortage_of_simulated_descriptors";
    async fn case(_: At) {
        accepts_as_descriptors_come_back(net::listener().await, simulated_spares).await;
    }
    in_worlds(name, &[Need::World], &|world| world.descriptor_limit(20), case);
}

/// Lowers the limit of descriptors to a few, and uses them all up.
fn real_spares() -> Spare {
    let limit = libc::rlimit { rlim_cur: 64, rlim_max: 64 };
    // SAFETY: the pointer is to a live value of the right type.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &limit) }, 0);
    let mut spare: Spare = Vec::new();
    while let Ok(file) = std::fs::File::open("/dev/null") {
        spare.push(Box::new(file));
    }
    spare
}

#[test]
fn incoming_survives_a_shortage_of_descriptors() {
    in_child(own_name!(incoming_survives_a_shortage_of_descriptors), || {
        let runtime = minato::runtime::Builder::new_current_thread().build().unwrap();
        let listener = runtime.block_on(net::listener());
        runtime.block_on(accepts_as_descriptors_come_back(listener, real_spares));
    });
}

#[test]
fn incoming_survives_a_shortage_without_a_runtime() {
    in_child(own_name!(incoming_survives_a_shortage_without_a_runtime), || {
        pollster::block_on(async {
            // The hidden reactor needs descriptors too, so it starts before they are short.
            drop(net::pair().await);
            accepts_as_descriptors_come_back(net::listener().await, real_spares).await;
        });
    });
}

#[test]
fn incoming_of_a_unix_listener_survives_a_shortage() {
    in_child(own_name!(incoming_of_a_unix_listener_survives_a_shortage), || {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("harbour");
        let runtime = minato::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let listener = UnixListener::bind(&path).unwrap();
            let clients = [&path; 2].map(UnixStream::connect);
            let clients = futures::future::try_join_all(clients).await.unwrap();
            let mut spare = real_spares();
            let short = listener.accept().await.map(drop);
            assert_eq!(short.unwrap_err().raw_os_error(), Some(libc::EMFILE));
            let mut incoming = listener.incoming();
            assert!(futures::poll!(incoming.next()).is_pending());
            drop(spare.pop());
            let first = incoming.next().await.unwrap().unwrap();
            assert!(futures::poll!(incoming.next()).is_pending());
            drop(first);
            drop(incoming.next().await.unwrap().unwrap());
            drop((clients, spare));
        });
    });
}
