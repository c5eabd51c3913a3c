//! The types as others see them: what is `Send`, `Sync` and `Unpin`, and what does not compile.

use std::marker::PhantomData;

/// Stands for a type, and has a constant for each of the three traits.
///
/// The inherent constant is found first where its bound holds; where it does not, that of
/// [`Lacks`] is.
struct Of<T: ?Sized>(PhantomData<T>);

trait Lacks {
    const SEND: bool = false;
    const SYNC: bool = false;
    const UNPIN: bool = false;
}

impl<T: ?Sized> Lacks for Of<T> {}

impl<T: ?Sized + Send> Of<T> {
    const SEND: bool = true;
}

impl<T: ?Sized + Sync> Of<T> {
    const SYNC: bool = true;
}

impl<T: ?Sized + Unpin> Of<T> {
    const UNPIN: bool = true;
}

/// The names of the traits that a type has.
macro_rules! traits_of {
    ($type:ty) => {
        [(Of::<$type>::SEND, "Send"), (Of::<$type>::SYNC, "Sync"), (Of::<$type>::UNPIN, "Unpin")]
            .iter()
            .filter(|(has, _)| *has)
            .map(|(_, name)| *name)
            .collect::<Vec<_>>()
            .join(" ")
    };
}

/// Compares each type with what it should be.
macro_rules! matrix {
    ($($type:ty: $expected:literal,)*) => {
        let mut wrong = Vec::new();
        $(
            let found = traits_of!($type);
            if found != $expected {
                wrong.push(format!("{}: {found:?}, not {:?}", stringify!($type), $expected));
            }
        )*
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    };
}

use std::cell::Cell;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::rc::Rc;

use minato::engine::Interest;
use minato::io::{AsyncReadExt, DuplexStream};
use minato::net::tcp::Incoming;
use minato::net::udp;
use minato::net::unix::{self, pipe};
use minato::net::{AsyncFd, TcpListener, TcpSocket, TcpStream, UdpSocket};
use minato::net::{UnixDatagram, UnixListener, UnixSocket, UnixStream};
use minato::reactor::{self, Background, BackgroundShutdown, Reactor};
use minato::runtime::{self, Builder, EnterGuard, LocalRuntime, Runtime};
use minato::signal::unix::{Signal, SignalKind};
use minato::task::futures::TaskLocalFuture;
use minato::task::{
    AbortHandle, AccessError, Id, JoinError, JoinHandle, JoinSet, LocalEnterGuard, LocalSet,
    YieldNow,
};
use minato::time::{Instant, Interval, Sleep, Timeout};

/// `Send`, not `Sync`.
type Movable = Cell<u8>;
/// Neither.
type Local = Rc<u8>;

#[test]
fn sockets() {
    matrix! {
        TcpListener: "Send Sync Unpin",
        TcpSocket: "Send Sync Unpin",
        TcpStream: "Send Sync Unpin",
        Incoming: "Send Sync Unpin",
        UdpSocket: "Send Sync Unpin",
        udp::RecvBatch: "Send Sync Unpin",
        udp::RecvMeta: "Send Sync Unpin",
        udp::Transmit<&[u8]>: "Send Sync Unpin",
        udp::Transmit<Local>: "Unpin",
        udp::RecvDgrams: "Send Sync Unpin",
        udp::SendDgrams<Vec<u8>>: "Send Sync Unpin",
        udp::SendDgrams<Movable>: "Send Unpin",
        UnixDatagram: "Send Sync Unpin",
        UnixListener: "Send Sync Unpin",
        UnixSocket: "Send Sync Unpin",
        unix::SocketAddr: "Send Sync Unpin",
        pipe::Sender: "Send Sync Unpin",
        pipe::Receiver: "Send Sync Unpin",
        pipe::OpenOptions: "Send Sync Unpin",
        UnixStream: "Send Sync Unpin",
        AsyncFd<std::fs::File>: "Send Sync Unpin",
        DuplexStream: "Send Sync Unpin",
    }
    const fn is_unwind_safe<T: UnwindSafe + RefUnwindSafe>() {}
    is_unwind_safe::<TcpListener>();
    is_unwind_safe::<TcpSocket>();
    is_unwind_safe::<TcpStream>();
    is_unwind_safe::<UdpSocket>();
    is_unwind_safe::<UnixDatagram>();
    is_unwind_safe::<UnixListener>();
    is_unwind_safe::<UnixStream>();
}

/// Programs for tokio name the types of arguments, so each is a parameter of its own.
#[test]
fn the_types_of_arguments_can_be_named() {
    use std::net::SocketAddr;
    use std::path::{Path, PathBuf};
    _ = (TcpListener::bind::<&str>, TcpStream::connect::<(String, u16)>);
    _ = (UdpSocket::bind::<SocketAddr>, UdpSocket::connect::<String>, UdpSocket::send_to::<&str>);
    _ = (UnixListener::bind::<&str>, UnixStream::connect::<&Path>);
    _ = (UnixDatagram::bind::<PathBuf>, UnixDatagram::connect::<&str>);
    _ = (UnixDatagram::send_to::<&str>, UnixDatagram::try_send_to::<String>);
    _ = UnixDatagram::poll_send_to::<&Path>;
    _ = (pipe::OpenOptions::open_sender::<&str>, pipe::OpenOptions::open_receiver::<&Path>);
    _ = minato::net::lookup_host::<&str>;
}

/// The futures of the helpers must stay where they are pinned: they may become `async` blocks.
#[test]
fn helpers() {
    use minato::io::*;
    type S = DuplexStream;
    matrix! {
        Read<'static, S>: "Send Sync",
        ReadExact<'static, S>: "Send Sync",
        ReadIntoBuf<'static, S, Vec<u8>>: "Send Sync",
        ReadLent<'static, S>: "Send Sync",
        owned::OwnedReadLent<S>: "Send Sync Unpin",
        // What a thread has just received is in its own cache.
        Lent: "Unpin",
        ReadNumber<'static, S, u16, [u8; 2]>: "Send Sync",
        ReadToEnd<'static, S>: "Send Sync",
        ReadToString<'static, S>: "Send Sync",
        ReadUntil<'static, S>: "Send Sync",
        ReadLine<'static, S>: "Send Sync",
        FillBuf<'static, S>: "Send Sync",
        Write<'static, S>: "Send Sync",
        WriteVectored<'static, 'static, S>: "Send Sync",
        WriteAll<'static, S>: "Send Sync",
        WriteNumber<'static, S, [u8; 2]>: "Send Sync",
        WriteBuf<'static, S, &[u8]>: "Send Sync",
        WriteAllBuf<'static, S, &[u8]>: "Send Sync",
        Flush<'static, S>: "Send Sync",
        Shutdown<'static, S>: "Send Sync",
        Seek<'static, Empty>: "Send Sync",
        Read<'static, Local>: "",
        ReadHalf<S>: "Send Sync Unpin",
        WriteHalf<Local>: "Unpin",
        BufStream<S>: "Send Sync Unpin",
        Lines<BufReader<S>>: "Send Sync Unpin",
    }
    const fn is_unwind_safe<T: UnwindSafe + RefUnwindSafe>() {}
    is_unwind_safe::<ReadHalf<Movable>>();
    is_unwind_safe::<WriteHalf<&mut Local>>();
}

#[test]
fn runtimes_and_tasks() {
    matrix! {
        Runtime: "Send Sync Unpin",
        LocalRuntime: "Unpin",
        runtime::Handle: "Send Sync Unpin",
        EnterGuard<'static>: "Sync Unpin",
        Builder: "Send Sync Unpin",
        runtime::Id: "Send Sync Unpin",
        runtime::LocalOptions: "Unpin",
        runtime::RuntimeFlavor: "Send Sync Unpin",
        runtime::RuntimeMetrics: "Send Sync Unpin",
        runtime::TryCurrentError: "Send Sync Unpin",
        JoinHandle<u8>: "Send Sync Unpin",
        JoinHandle<Movable>: "Send Sync Unpin",
        JoinHandle<Local>: "Unpin",
        JoinSet<u8>: "Send Sync Unpin",
        JoinSet<Movable>: "Send Sync Unpin",
        JoinSet<Local>: "Unpin",
        LocalSet: "Unpin",
        LocalEnterGuard: "Unpin",
        TaskLocalFuture<u8, u8>: "Send Sync",
        TaskLocalFuture<Movable, u8>: "Send",
        TaskLocalFuture<Local, u8>: "",
        AccessError: "Send Sync Unpin",
        Signal: "Send Sync Unpin",
        SignalKind: "Send Sync Unpin",
        AbortHandle: "Send Sync Unpin",
        JoinError: "Send Sync Unpin",
        Id: "Send Sync Unpin",
        YieldNow: "Send Sync Unpin",
        minato::sim::Simulation: "Unpin",
    }
    fn is_unwind_safe<T: UnwindSafe + RefUnwindSafe>() {}
    is_unwind_safe::<Runtime>();
    is_unwind_safe::<LocalRuntime>();
    is_unwind_safe::<runtime::Handle>();
}

#[test]
fn reactors_and_timers() {
    matrix! {
        reactor::Handle: "Send Sync Unpin",
        Background: "Send Sync Unpin",
        BackgroundShutdown: "Send Sync Unpin",
        Instant: "Send Sync Unpin",
        Sleep: "Send Sync",
        Interval: "Send Sync Unpin",
        Timeout<std::future::Ready<()>>: "Send Sync",
        Timeout<std::future::Ready<Local>>: "",
        minato::engine::Engine: "Send Sync Unpin",
        minato::engine::Readiness: "Send Sync Unpin",
    }
    const fn is_send<T: Send>() {}
    is_send::<Reactor>();
}

/// The futures of `async fn` methods can be spawned.
#[test]
fn futures_are_send() {
    fn sends<T: Send>(_: impl FnOnce() -> T) {}
    sends(|| TcpStream::connect("127.0.0.1:1"));
    sends(|| TcpListener::bind("127.0.0.1:0"));
    sends(|| UdpSocket::bind("127.0.0.1:0"));
    sends(|| minato::net::lookup_host("localhost:1"));
    async fn uses(listener: &TcpListener, udp: &UdpSocket, stream: &TcpStream) {
        _ = listener.accept().await;
        _ = udp.recv_from(&mut [0]).await;
        _ = udp.send_to(&[0], "127.0.0.1:1").await;
        _ = stream.readable().await;
        _ = stream.peek(&mut [0]).await;
        _ = (&*stream).read_lent().await;
        _ = udp.recv_lent().await;
        _ = udp.recv_from_lent().await;
    }
    fn check(listener: &TcpListener, udp: &UdpSocket, stream: &TcpStream) {
        sends(|| uses(listener, udp, stream));
    }
    _ = check;
    /// Those that have the owner of the descriptor for themselves need not share it.
    fn exclusive(fd: &mut AsyncFd<Unshared>) {
        let interest = Interest::READABLE;
        sends(|| fd.ready_mut(interest));
        sends(|| fd.readable_mut());
        sends(|| fd.writable_mut());
        sends(|| fd.async_io_mut(interest, |_| Ok(())));
    }
    _ = exclusive;
}

/// A descriptor whose owner is `Send` and not `Sync`.
struct Unshared(std::fs::File, #[expect(dead_code, reason = "makes it so")] Movable);

impl std::os::fd::AsFd for Unshared {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl std::os::fd::AsRawFd for Unshared {
    fn as_raw_fd(&self) -> std::os::fd::RawFd {
        self.0.as_raw_fd()
    }
}

/// The matrix itself can tell.
#[test]
fn the_canary_is_not_send() {
    matrix! {
        Local: "Unpin",
        Movable: "Send Unpin",
        std::marker::PhantomPinned: "Send Sync",
        std::sync::MutexGuard<'static, u8>: "Sync Unpin",
    }
}

/// What the attributes refuse, and with which words. They are ours, so they are the same with every
/// compiler.
#[test]
fn the_attributes_refuse_with_clear_words() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/ui/macros/[!p]*.rs");
    cases.pass("tests/ui/macros/pass_*.rs");
}
