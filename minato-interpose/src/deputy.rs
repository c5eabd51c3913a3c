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

use std::ffi::c_int;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::fs::MetadataExt;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::{fs, io, process};

use minato_sim::{Family, Host, Kind, OptionName, OptionValue, Socket, World};
use socket2::{Domain, SockRef, Type};

/// A simulated socket as the runtime has it, and the options of real ones in its words.
pub trait Simulated: From<Socket> + Deref<Target = Socket> {
    /// Reads the option of a real socket.
    ///
    /// # Errors
    /// That of the system.
    fn option_of(real: &socket2::Socket, name: OptionName) -> io::Result<OptionValue>;

    /// Sets the option of a real socket.
    ///
    /// # Errors
    /// That of the system.
    fn set_option_of(
        real: &socket2::Socket,
        name: OptionName,
        value: OptionValue,
    ) -> io::Result<()>;
}

/// The simulated sockets of a process for which descriptors stand.
pub struct Deputies<S: 'static> {
    /// No call on a deputy is made under the lock, since it may be answered from here.
    all: Mutex<Vec<Arc<Deputy<S>>>>,
    /// How many there are, to be asked without the lock.
    count: AtomicUsize,
    /// The process that they belong to; 0 as long as there was none.
    process: AtomicU32,
    /// Those of a forked child: there, a thread that is not there may hold the lock.
    of_child: OnceLock<Box<Deputies<S>>>,
}

/// A simulated socket and what stands for it.
struct Deputy<S> {
    inode: Inode,
    /// The path of the deputy's descriptor.
    path: String,
    socket: Arc<S>,
    /// The options that the deputy had when they were last passed on.
    options: Mutex<Options>,
}

/// The device and number of a file.
type Inode = (u64, u64);

type Options = [Option<OptionValue>; OptionName::ALL.len()];

/// Where the system shows the descriptors of this process.
const DESCRIPTORS: &str = "/dev/fd";

/// How many connections may wait at a listener that was made elsewhere, whose number is not known.
const BACKLOG: i32 = 4096;

impl<S: Simulated> Default for Deputies<S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S: Simulated> Deputies<S> {
    /// None.
    pub const fn new() -> Self {
        Self {
            all: Mutex::new(Vec::new()),
            count: AtomicUsize::new(0),
            process: AtomicU32::new(0),
            of_child: OnceLock::new(),
        }
    }

    /// Gives a simulated socket away: returns the descriptor that stands for it.
    ///
    /// # Errors
    /// If there is no real socket to be had, or the system tells its sockets not apart.
    pub fn park(&self, socket: Arc<S>) -> io::Result<OwnedFd> {
        let real = open(socket.family(), socket.kind())?;
        for name in OptionName::ALL {
            if let Ok(value) = socket.option(name)
                && !name.is_size()
                && S::option_of(&real, name).is_ok_and(|default| default != value)
            {
                // What the system refuses cannot be shown.
                _ = S::set_option_of(&real, name, value);
            }
        }
        self.insert(real.as_fd(), socket, options::<S>(&real))?;
        Ok(real.into())
    }

    /// The simulated socket for which `descriptor` stands. A fresh socket of the system's gets one
    /// on `host`, with its options and address.
    ///
    /// # Errors
    /// If it is one of another host; if it is connected outside of the world, or of a kind that a
    /// world does not have; what binding it on the host fails with.
    pub fn take(&self, descriptor: BorrowedFd<'_>, host: &Host) -> io::Result<Arc<S>> {
        let deputy = self.find_or_park(descriptor, host)?;
        self.forget(|other| Arc::ptr_eq(other, &deputy));
        let theirs = deputy.socket.host();
        if theirs != *host {
            let (theirs, ours) = (theirs.name(), host.name());
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("the socket is one of the simulated host {theirs}, and this is {ours}"),
            ));
        }
        Ok(deputy.socket.clone())
    }

    /// Calls `verb` with the simulated socket for which `descriptor` stands. With a host, a fresh
    /// socket of the system's stands for one there from now on. `None` if it stands for none.
    pub fn with<T>(
        &self,
        descriptor: BorrowedFd<'_>,
        host: Option<&Host>,
        verb: impl FnOnce(&Socket) -> io::Result<T>,
    ) -> Option<io::Result<T>> {
        let deputy = match host {
            Some(host) => {
                // What a program does with Unix sockets past its runtime stays on the machine.
                kind_of(&SockRef::from(&descriptor))
                    .ok()
                    .filter(|(family, _)| *family != Family::Unix)?;
                self.find_or_park(descriptor, host)
            }
            None => Ok(self.find(descriptor).ok()??),
        };
        Some(deputy.and_then(|deputy| verb(&deputy.socket)))
    }

    /// Whether `descriptor` stands for a simulated socket.
    pub fn has(&self, descriptor: BorrowedFd<'_>) -> bool {
        matches!(self.find(descriptor), Ok(Some(_)))
    }

    /// Closes the sockets of `world` whose deputies are gone.
    pub fn close_abandoned(&self, world: &World) {
        self.forget(|deputy| deputy.socket.host().world() == world && !deputy.is_open());
    }

    /// Closes what deputies stand for on a host that has ended.
    pub fn close_all(&self, host: &Host) {
        self.forget(|deputy| deputy.socket.host() == *host);
    }

    fn forget(&self, is_over: impl Fn(&Arc<Deputy<S>>) -> bool) {
        if self.is_empty() {
            return;
        }
        let own = self.own();
        let mut all = own.lock();
        let over: Vec<_> = all.extract_if(.., |deputy| is_over(deputy)).collect();
        own.count.store(all.len(), Ordering::Relaxed);
        drop(all);
        drop(over);
    }

    fn is_empty(&self) -> bool {
        self.count.load(Ordering::Relaxed) == 0
    }

    /// Those of this process.
    fn own(&self) -> &Self {
        let (mut own, process) = (self, process::id());
        while let Err(other) =
            own.process.compare_exchange(0, process, Ordering::Relaxed, Ordering::Relaxed)
            && other != process
        {
            own = own.of_child.get_or_init(Box::default);
        }
        own
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Deputy<S>>>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What `descriptor` stands for, with the options of it. A fresh socket of the system's is
    /// parked first.
    fn find_or_park(&self, descriptor: BorrowedFd<'_>, host: &Host) -> io::Result<Arc<Deputy<S>>> {
        let real = SockRef::from(&descriptor);
        if let Some(deputy) = self.find(descriptor)? {
            deputy.pass_options(&real);
            return Ok(deputy);
        }
        if real.peer_addr().is_ok() {
            return Err(unsupported("a socket that is connected outside of the world"));
        }
        let (family, kind) = kind_of(&real)?;
        let address = real.local_addr()?;
        if family == Family::Unix && !address.is_unnamed() {
            return Err(unsupported("a Unix socket that is bound to a path of the machine"));
        }
        let address = address.as_socket().filter(|address| address.port() != 0);
        let socket = Arc::new(host.socket(family, kind)?.into());
        let deputy = self.insert(descriptor, socket, options::<S>(&open(family, kind)?))?;
        deputy.pass_options(&real);
        let set_up = || {
            if let Some(address) = address {
                deputy.socket.bind(address)?;
            }
            if number_of(real.as_raw_fd(), libc::SO_ACCEPTCONN).is_some_and(|takes| takes != 0) {
                deputy.socket.listen(BACKLOG)?;
            }
            Ok(())
        };
        match set_up() {
            Ok(()) => Ok(deputy),
            Err(error) => {
                self.forget(|other| Arc::ptr_eq(other, &deputy));
                Err(error)
            }
        }
    }

    fn find(&self, descriptor: BorrowedFd<'_>) -> io::Result<Option<Arc<Deputy<S>>>> {
        if self.is_empty() {
            return Ok(None);
        }
        let inode = inode(descriptor)?;
        Ok(self.own().lock().iter().find(|deputy| deputy.inode == inode).cloned())
    }

    fn insert(
        &self,
        descriptor: BorrowedFd<'_>,
        socket: Arc<S>,
        options: Options,
    ) -> io::Result<Arc<Deputy<S>>> {
        let inode = inode(descriptor)?;
        let path = format!("{DESCRIPTORS}/{}", descriptor.as_raw_fd());
        let deputy = Arc::new(Deputy { inode, path, socket, options: Mutex::new(options) });
        let own = self.own();
        let mut all = own.lock();
        all.push(deputy.clone());
        own.count.store(all.len(), Ordering::Relaxed);
        // Asked first, whoever's process it is.
        self.count.fetch_max(1, Ordering::Relaxed);
        Ok(deputy)
    }
}

impl<S: Simulated> Deputy<S> {
    /// Whether any descriptor of the deputy is open, maybe a duplicate.
    fn is_open(&self) -> bool {
        let is_it = |file: io::Result<fs::Metadata>| {
            file.is_ok_and(|file| (file.dev(), file.ino()) == self.inode)
        };
        is_it(fs::metadata(&self.path))
            || fs::read_dir(DESCRIPTORS)
                .is_ok_and(|all| all.flatten().any(|file| is_it(fs::metadata(file.path()))))
    }

    /// Passes on the options that were set on the deputy.
    fn pass_options(&self, real: &socket2::Socket) {
        let now = options::<S>(real);
        let mut options = self.options.lock().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *options, now);
        drop(options);
        for (name, (now, before)) in OptionName::ALL.into_iter().zip(now.into_iter().zip(before)) {
            if let Some(value) = now.filter(|_| now != before) {
                // The simulated socket may refuse what comes too late, as the real one would.
                _ = self.socket.set_by_name(name, as_asked(name, value));
            }
        }
    }
}

/// A real socket.
fn open(family: Family, kind: Kind) -> io::Result<socket2::Socket> {
    let domain = match family {
        Family::V4 => Domain::IPV4,
        Family::V6 => Domain::IPV6,
        Family::Unix => Domain::UNIX,
    };
    let kind = if kind == Kind::Stream { Type::STREAM } else { Type::DGRAM };
    let real = socket2::Socket::new(domain, kind, None)?;
    real.set_nonblocking(true)?;
    Ok(real)
}

/// What a real socket is in a world.
fn kind_of(real: &socket2::Socket) -> io::Result<(Family, Kind)> {
    let family = match real.local_addr()?.domain() {
        Domain::IPV4 => Family::V4,
        Domain::IPV6 => Family::V6,
        Domain::UNIX => Family::Unix,
        _ => return Err(unsupported("a socket of this family")),
    };
    match real.r#type()? {
        Type::STREAM => Ok((family, Kind::Stream)),
        Type::DGRAM => Ok((family, Kind::Datagram)),
        _ => Err(unsupported("a socket of this type")),
    }
}

/// The value of an option that is a number, of whatever a descriptor is.
pub(crate) fn number_of(descriptor: RawFd, option: c_int) -> Option<c_int> {
    let mut number: c_int = 0;
    let mut len = size_of::<c_int>() as libc::socklen_t;
    // SAFETY: there is room for a number, and the call is told how much. It says itself when the
    // descriptor is not open.
    let found = unsafe {
        let number = (&raw mut number).cast();
        libc::getsockopt(descriptor, libc::SOL_SOCKET, option, number, &mut len)
    };
    (found == 0).then_some(number)
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

fn options<S: Simulated>(real: &socket2::Socket) -> Options {
    OptionName::ALL.map(|name| S::option_of(real, name).ok())
}

fn inode(descriptor: BorrowedFd<'_>) -> io::Result<Inode> {
    // SAFETY: the file of a borrowed descriptor, which it does not close, is asked what it is.
    let file = ManuallyDrop::new(unsafe { fs::File::from_raw_fd(descriptor.as_raw_fd()) });
    let file = file.metadata()?;
    match file.ino() {
        0 => Err(unsupported("a descriptor for a simulated socket, on this system,")),
        number => Ok((file.dev(), number)),
    }
}

fn unsupported(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, format!("{what} cannot be had on the sim engine"))
}
