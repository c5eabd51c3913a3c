//! Descriptors that stand for simulated sockets.
//!
//! A simulated socket has no descriptor, yet libraries pass sockets through std. One takes a stream
//! apart by `into_std`, sets an option, and gives it back by `from_std`. Another makes a socket
//! with std or socket2 first. So a real socket, the *deputy*, stands for the simulated one, which
//! is kept here under the deputy's inode until it is taken back. The deputy itself is never
//! bound or connected. Options that are set on it meanwhile go to the simulated socket then.
//!
//! Who closes the deputy closes the simulated socket. Nobody is told of that, so each world looks
//! for deputies that are gone before it lets time pass.

use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::fs::MetadataExt;

use minato_sim::{Host, World};

use super::SimSocket;
use crate::os::{Address, Descriptor, Family, OptionName, OptionValue, OsSocket, Transport};
use crate::reactor::process::PerProcess;
use crate::runtime::context;
use crate::sync::plain::{AtomicUsize, Ordering};
use crate::sync::{Arc, Mutex};

/// A simulated socket and what stands for it.
struct Parked {
    inode: Inode,
    /// The path of the deputy's descriptor.
    path: String,
    socket: Arc<SimSocket>,
    /// The options that the deputy had when they were last passed on.
    options: Mutex<Options>,
}

/// The device and number of a file.
type Inode = (u64, u64);

type Options = [Option<OptionValue>; OptionName::ALL.len()];

/// All that are parked. No call on a deputy is made under the lock, since such a call may be
/// answered from here.
static PARKED: PerProcess<Vec<Arc<Parked>>> = PerProcess::new(Vec::new());

/// How many there are, to be asked without the lock.
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// Where the system shows the descriptors of this process.
const DESCRIPTORS: &str = "/dev/fd";

/// How many connections may wait at a listener that was made elsewhere, whose number is not known.
const BACKLOG: i32 = 4096;

/// Gives a simulated socket away: returns the descriptor that stands for it.
pub(crate) fn park(socket: Arc<SimSocket>, transport: Transport) -> io::Result<Descriptor> {
    let real = OsSocket::open(socket.family_here(), transport)?;
    for name in OptionName::ALL {
        if let Ok(value) = socket.option(name)
            && !name.is_size()
            && real.option(name).is_ok_and(|default| default != value)
        {
            // What the system refuses cannot be shown.
            _ = real.set_by_name(name, value);
        }
    }
    let options = options(&real);
    let descriptor = real.into_descriptor();
    insert(&descriptor, socket, options)?;
    Ok(descriptor)
}

/// The simulated socket for which `descriptor` stands. A fresh socket of the system's gets one on
/// `host`, with its options and address.
pub(crate) fn take(
    descriptor: Descriptor,
    host: &Host,
    wanted: Transport,
) -> io::Result<Arc<SimSocket>> {
    let (real, transport) = OsSocket::duplicate(descriptor.as_fd())?;
    if transport != wanted {
        return Err(transport.instead_of(wanted));
    }
    let parked = find_or_park(&descriptor, &real, transport, host)?;
    forget(|other| Arc::ptr_eq(other, &parked));
    let theirs = parked.socket.host();
    if theirs != *host {
        let (theirs, ours) = (theirs.name(), host.name());
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("the socket is one of the simulated host {theirs}, and this is {ours}"),
        ));
    }
    Ok(parked.socket.clone())
}

/// Calls `verb` with the simulated socket for which `descriptor` stands. With `take_over` a fresh
/// socket of the system's stands for one, too, if this thread is on a simulated host. `None` if it
/// stands for none.
///
/// This is for what answers the system's calls in a simulated world.
#[doc(hidden)]
pub fn with_deputy<T>(
    descriptor: &impl AsFd,
    take_over: bool,
    verb: impl FnOnce(&minato_sim::Socket) -> io::Result<T>,
) -> Option<io::Result<T>> {
    let host = if take_over { Some(context::host()?) } else { None };
    let parked = match host {
        Some(host) => {
            let (real, transport) = OsSocket::duplicate(descriptor.as_fd()).ok()?;
            if !matches!(transport, Transport::Tcp | Transport::Udp) {
                return None;
            }
            find_or_park(descriptor, &real, transport, host.host())
        }
        None => Ok(find(descriptor).ok()??),
    };
    Some(parked.and_then(|parked| verb(&parked.socket)))
}

/// Whether `descriptor` stands for a simulated socket.
pub(crate) fn is_one(descriptor: &Descriptor) -> bool {
    matches!(find(descriptor), Ok(Some(_)))
}

/// Closes the sockets of `world` whose deputies are gone.
pub(crate) fn close_abandoned(world: &World) {
    forget(|parked| parked.socket.host().world() == world && !parked.is_open());
}

/// Closes what deputies stand for on a host that has ended.
pub(crate) fn close_all(host: &Host) {
    forget(|parked| parked.socket.host() == *host);
}

fn forget(is_over: impl Fn(&Arc<Parked>) -> bool) {
    if COUNT.load(Ordering::Relaxed) == 0 {
        return;
    }
    let mut all = PARKED.lock();
    let over: Vec<_> = all.extract_if(.., |parked| is_over(parked)).collect();
    COUNT.store(all.len(), Ordering::Relaxed);
    drop(all);
    drop(over);
}

impl Parked {
    /// Whether any descriptor of the deputy is open, maybe a duplicate.
    fn is_open(&self) -> bool {
        let is_it = |file: io::Result<std::fs::Metadata>| {
            file.is_ok_and(|file| (file.dev(), file.ino()) == self.inode)
        };
        is_it(std::fs::metadata(&self.path))
            || std::fs::read_dir(DESCRIPTORS)
                .is_ok_and(|all| all.flatten().any(|file| is_it(std::fs::metadata(file.path()))))
    }

    /// Passes on the options that were set on the deputy.
    fn pass_options(&self, real: &OsSocket) {
        let now = options(real);
        let before = std::mem::replace(&mut *self.options.lock(), now);
        for (name, (now, before)) in OptionName::ALL.into_iter().zip(now.into_iter().zip(before)) {
            if let Some(value) = now.filter(|_| now != before) {
                // The simulated socket may refuse what comes too late, as the real one would.
                _ = self.socket.set_by_name(name, as_asked(name, value));
            }
        }
    }
}

/// What `descriptor` stands for, with the options of it. A fresh socket of the system's is parked
/// first.
fn find_or_park(
    descriptor: &impl AsFd,
    real: &OsSocket,
    transport: Transport,
    host: &Host,
) -> io::Result<Arc<Parked>> {
    if let Some(parked) = find(descriptor)? {
        parked.pass_options(real);
        return Ok(parked);
    }
    if real.peer_address().is_ok() {
        return Err(unsupported("a socket that is connected outside of the world"));
    }
    let address = real.local_address()?;
    let (family, is_bound) = match &address {
        Address::Ip(ip) => (Family::from(ip), ip.port() != 0),
        Address::Unix(unix) if !unix.is_unnamed() => {
            return Err(unsupported("a Unix socket that is bound to a path of the machine"));
        }
        Address::Unix(_) => (Family::Unix, false),
    };
    let socket = Arc::new(SimSocket::open(host, family, transport)?);
    let parked = insert(descriptor, socket, options(&OsSocket::open(family, transport)?))?;
    parked.pass_options(real);
    let set_up = || {
        if is_bound {
            parked.socket.bind(&address)?;
        }
        if real.is_listening() {
            parked.socket.listen(BACKLOG)?;
        }
        Ok(())
    };
    match set_up() {
        Ok(()) => Ok(parked),
        Err(error) => {
            forget(|other| Arc::ptr_eq(other, &parked));
            Err(error)
        }
    }
}

fn find(descriptor: &impl AsFd) -> io::Result<Option<Arc<Parked>>> {
    if COUNT.load(Ordering::Relaxed) == 0 {
        return Ok(None);
    }
    let inode = inode(descriptor)?;
    Ok(PARKED.lock().iter().find(|parked| parked.inode == inode).cloned())
}

fn insert(
    descriptor: &impl AsFd,
    socket: Arc<SimSocket>,
    options: Options,
) -> io::Result<Arc<Parked>> {
    let inode = inode(descriptor)?;
    let path = format!("{DESCRIPTORS}/{}", descriptor.as_fd().as_raw_fd());
    let parked = Arc::new(Parked { inode, path, socket, options: Mutex::new(options) });
    let mut all = PARKED.lock();
    all.push(parked.clone());
    COUNT.store(all.len(), Ordering::Relaxed);
    Ok(parked)
}

/// What was asked for when the system says `value`. Linux doubles sizes.
fn as_asked(name: OptionName, value: OptionValue) -> OptionValue {
    match value {
        OptionValue::Number(size) if name.is_size() && cfg!(target_os = "linux") => {
            OptionValue::Number(size / 2)
        }
        value => value,
    }
}

fn options(real: &OsSocket) -> Options {
    OptionName::ALL.map(|name| real.option(name).ok())
}

fn inode(descriptor: &impl AsFd) -> io::Result<Inode> {
    let file = rustix::fs::fstat(descriptor)?;
    match file.st_ino {
        0 => Err(unsupported("a descriptor for a simulated socket, on this system,")),
        number => Ok((file.st_dev, number)),
    }
}

fn unsupported(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, format!("{what} cannot be had on the sim engine"))
}
