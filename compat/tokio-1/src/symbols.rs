//! Functions of the C library, answered from the simulated world that the calling thread is in.
//!
//! Libraries reach past tokio for the time, for random numbers, for names, and for sockets that
//! they set up themselves. In a world the answers are the world's; on any other thread they are the
//! system's. Because this crate defines the symbols, they come before those of the C library.
//!
//! What does not come by here is the machine's: instructions that enter the kernel directly, files,
//! threads.

use std::ffi::{CStr, c_char, c_int, c_long, c_uint, c_void};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::BorrowedFd;
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use libc::{addrinfo, sockaddr, sockaddr_storage, socklen_t, timespec, timeval};
use minato::sim;
use socket2::SockAddr;

/// Midnight of 1 January 2026, when every world begins.
const BEGIN: Duration = Duration::from_secs(1_767_225_600);

/// Defines functions of the C library. Each has an answer, or is the system's.
macro_rules! symbols {
    ($(fn $name:ident($($arg:ident: $type:ty),*) -> $result:ty { $answer:expr })*) => {$(
        #[no_mangle]
        unsafe extern "C" fn $name($($arg: $type),*) -> $result {
            static SYSTEM: AtomicUsize = AtomicUsize::new(0);
            if let Some(answer) = $answer {
                return answer;
            }
            let system = system(&SYSTEM, concat!(stringify!($name), "\0"));
            // SAFETY: the C library's function of this name has this type, and the caller has kept
            // to what it asks for.
            unsafe {
                let system: unsafe extern "C" fn($($type),*) -> $result =
                    std::mem::transmute(system);
                system($($arg),*)
            }
        }
    )*};
}

symbols! {
    fn getrandom(buffer: *mut c_void, len: usize, flags: c_uint) -> isize {{
        _ = flags;
        // SAFETY: the caller gives a buffer of that length.
        unsafe { random(buffer, len) }
    }}
    fn clock_gettime(clock: c_int, time: *mut timespec) -> c_int {
        now(clock).map(|now| {
            let (tv_sec, tv_nsec) = (now.as_secs() as _, now.subsec_nanos() as _);
            // SAFETY: the caller gives room for the time.
            unsafe { time.write(timespec { tv_sec, tv_nsec }) };
            0
        })
    }
    fn gettimeofday(time: *mut timeval, zone: *mut c_void) -> c_int {{
        _ = zone;
        now(libc::CLOCK_REALTIME).map(|now| {
            let (tv_sec, tv_usec) = (now.as_secs() as _, now.subsec_micros() as _);
            // SAFETY: the caller gives room for the time.
            unsafe { time.write(timeval { tv_sec, tv_usec }) };
            0
        })
    }}
    // Seven words, of which a call may give fewer: like the C library's own, this hands on what
    // lies where they would be.
    fn syscall(
        number: c_long, a: c_long, b: c_long, c: c_long, d: c_long, e: c_long, f: c_long
    ) -> c_long {
        // SAFETY: this call has a buffer and its length as the first arguments.
        if number == libc::SYS_getrandom {
            unsafe { random(a as *mut c_void, b as usize) }.map(|len| len as c_long)
        } else {
            None
        }
    }
    fn bind(descriptor: c_int, address: *const sockaddr, len: socklen_t) -> c_int {
        // SAFETY: the caller gives an address of that length.
        unsafe { read(address, len) }
            .and_then(|address| deputy(descriptor, true, |socket| socket.bind(address)))
            .map(status)
    }
    fn listen(descriptor: c_int, backlog: c_int) -> c_int {
        deputy(descriptor, true, |socket| socket.listen(backlog)).map(status)
    }
    fn connect(descriptor: c_int, address: *const sockaddr, len: socklen_t) -> c_int {
        // SAFETY: the caller gives an address of that length.
        unsafe { read(address, len) }
            .and_then(|to| deputy(descriptor, true, |socket| begin(descriptor, socket, to)))
            .map(status)
    }
    // The real socket that stands for a simulated one must send nothing.
    fn sendto(
        descriptor: c_int, bytes: *const c_void, len: usize, flags: c_int,
        address: *const sockaddr, address_len: socklen_t
    ) -> isize {{
        _ = (bytes, len, flags, address, address_len);
        let refused = || io::Error::from_raw_os_error(libc::EOPNOTSUPP);
        deputy(descriptor, false, |_| Err(refused())).map(|refused| status(refused) as isize)
    }}
    fn getsockname(descriptor: c_int, address: *mut sockaddr, len: *mut socklen_t) -> c_int {
        // SAFETY: the caller gives room for an address, and how much.
        deputy(descriptor, false, |socket| unsafe { write(socket.local_addr()?, address, len) })
            .map(status)
    }
    fn getpeername(descriptor: c_int, address: *mut sockaddr, len: *mut socklen_t) -> c_int {
        // SAFETY: the caller gives room for an address, and how much.
        deputy(descriptor, false, |socket| unsafe { write(socket.peer_addr()?, address, len) })
            .map(status)
    }
    fn getaddrinfo(
        node: *const c_char, service: *const c_char, hints: *const addrinfo,
        result: *mut *mut addrinfo
    ) -> c_int {
        // SAFETY: the caller gives texts that end or null, hints or null, and room for the result.
        sim::host().map(|host| unsafe { look_up(&host, node, service, hints, result) })
    }
    fn freeaddrinfo(list: *mut addrinfo) -> () {
        // SAFETY: the caller gives a list that getaddrinfo has made, once.
        unsafe { free(list) }
    }
    fn posix_spawnp(
        process: *mut libc::pid_t, file: *const c_char, actions: *const c_void,
        attributes: *const c_void, arguments: *const *mut c_char, environment: *const *mut c_char
    ) -> c_int {
        // SAFETY: the caller gives a text that ends.
        sim::host().map(|host| refuse(&host, &unsafe { CStr::from_ptr(file) }.to_string_lossy()))
    }
    fn fork() -> libc::pid_t {
        sim::host().map(|host| status(Err(io::Error::from_raw_os_error(refuse(&host, "a child")))))
    }
}

/// The system's function of this name, which ends with a zero.
fn system(known: &AtomicUsize, name: &'static str) -> usize {
    let address = known.load(Ordering::Relaxed);
    if address != 0 {
        return address;
    }
    // SAFETY: the name is a text that ends.
    let address = unsafe { libc::dlsym(libc::RTLD_NEXT, name.as_ptr().cast()) } as usize;
    assert_ne!(address, 0, "the C library has no function {name}");
    known.store(address, Ordering::Relaxed);
    address
}

/// The result of a call: 0, or -1 with the number of the error.
fn status(result: io::Result<()>) -> c_int {
    let Err(error) = result else { return 0 };
    // SAFETY: this is the place for the number of an error on this thread.
    unsafe { *libc::__errno_location() = error.raw_os_error().unwrap_or(libc::EOPNOTSUPP) };
    -1
}

/// Fills a buffer with random numbers of the world.
unsafe fn random(buffer: *mut c_void, len: usize) -> Option<isize> {
    let world = sim::world()?;
    if len > 0 {
        // SAFETY: the caller has room of that length. Zeros make it readable.
        let bytes = unsafe {
            ptr::write_bytes(buffer.cast::<u8>(), 0, len);
            std::slice::from_raw_parts_mut(buffer.cast(), len)
        };
        world.fill_random(bytes);
    }
    Some(len as isize)
}

/// What a clock shows in the world. A clock of a process or thread measures work, which is real.
fn now(clock: c_int) -> Option<Duration> {
    use libc::{CLOCK_BOOTTIME, CLOCK_MONOTONIC, CLOCK_MONOTONIC_COARSE, CLOCK_MONOTONIC_RAW};
    use libc::{CLOCK_REALTIME, CLOCK_REALTIME_COARSE, CLOCK_TAI};
    let begin = match clock {
        CLOCK_MONOTONIC | CLOCK_MONOTONIC_COARSE | CLOCK_MONOTONIC_RAW | CLOCK_BOOTTIME => {
            Duration::ZERO
        }
        CLOCK_REALTIME | CLOCK_REALTIME_COARSE | CLOCK_TAI => BEGIN,
        _ => return None,
    };
    sim::world().map(|world| begin + world.now())
}

/// Calls `verb` with the simulated socket for which a descriptor stands.
fn deputy<T>(
    descriptor: c_int,
    take_over: bool,
    verb: impl FnOnce(&sim::Socket) -> io::Result<T>,
) -> Option<io::Result<T>> {
    if descriptor < 0 {
        return None;
    }
    // SAFETY: it is borrowed for this call. If it is not open, the system says so.
    sim::with_deputy(&unsafe { BorrowedFd::borrow_raw(descriptor) }, take_over, verb)
}

/// Begins to connect. A call that waits for the outcome would wait for what only this thread does.
fn begin(descriptor: c_int, socket: &sim::Socket, address: SocketAddr) -> io::Result<()> {
    // SAFETY: the call only reads flags of a descriptor.
    let flags = unsafe { libc::fcntl(descriptor, libc::F_GETFL) };
    let connected = socket.connect(address);
    match connected {
        Err(error)
            if error.raw_os_error() == Some(libc::EINPROGRESS) && flags & libc::O_NONBLOCK == 0 =>
        {
            let host = socket.host().name();
            eprintln!(
                "minato: a blocking connect to {address} on the simulated host {host} would never \
                 return; the socket must be non-blocking"
            );
            Err(io::Error::from_raw_os_error(libc::EOPNOTSUPP))
        }
        connected => connected,
    }
}

/// An address of the internet as the system has it.
unsafe fn read(address: *const sockaddr, len: socklen_t) -> Option<SocketAddr> {
    if address.is_null() || len as usize > size_of::<sockaddr_storage>() {
        return None;
    }
    // SAFETY: the address has that length, which fits.
    let read = unsafe {
        SockAddr::try_init(|storage, storage_len| {
            ptr::copy_nonoverlapping(address.cast::<u8>(), storage.cast(), len as usize);
            *storage_len = len;
            Ok(())
        })
    };
    read.ok()?.1.as_socket()
}

/// Writes an address as the system has it, as much as there is room for.
unsafe fn write(from: SocketAddr, to: *mut sockaddr, len: *mut socklen_t) -> io::Result<()> {
    let from = SockAddr::from(from);
    // SAFETY: there is room for as many bytes as `len` says, and no more are written.
    unsafe {
        let count = from.len().min(*len) as usize;
        ptr::copy_nonoverlapping(from.as_ptr().cast::<u8>(), to.cast(), count);
        *len = from.len();
    }
    Ok(())
}

/// An entry of a list of addresses, with its address.
#[repr(C)]
struct Entry(addrinfo, SockAddr);

/// The flag of our entries; the system's flags are small numbers.
const OURS: c_int = 0x4d69_6e61;

/// Looks a name up as the host does.
unsafe fn look_up(
    host: &sim::Host,
    node: *const c_char,
    service: *const c_char,
    hints: *const addrinfo,
    result: *mut *mut addrinfo,
) -> c_int {
    // SAFETY: all are null or what they say.
    let (node, service, hints) = unsafe {
        let text =
            |text: *const c_char| (!text.is_null()).then(|| CStr::from_ptr(text).to_string_lossy());
        (text(node), text(service), hints.as_ref())
    };
    let hint = |get: fn(&addrinfo) -> c_int| hints.map_or(0, get);
    let found = match node {
        Some(name) => host.lookup(&name),
        None if hint(|hints| hints.ai_flags) & libc::AI_PASSIVE != 0 => {
            Ok(vec![Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()])
        }
        None => Ok(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]),
    };
    let Ok(mut found) = found else { return libc::EAI_NONAME };
    let Ok(port) = service.as_deref().unwrap_or("0").parse() else { return libc::EAI_SERVICE };
    let family = |ip: &IpAddr| if ip.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 };
    let wanted = hint(|hints| hints.ai_family);
    found.retain(|ip| wanted == libc::AF_UNSPEC || wanted == family(ip));
    let mut list: *mut addrinfo = ptr::null_mut();
    for ip in found.into_iter().rev() {
        let address = SockAddr::from(SocketAddr::new(ip, port));
        // SAFETY: zeros are an entry without an address.
        let mut entry = Box::new(Entry(unsafe { std::mem::zeroed() }, address));
        entry.0.ai_flags = OURS;
        entry.0.ai_family = family(&ip);
        entry.0.ai_socktype = hint(|hints| hints.ai_socktype);
        entry.0.ai_protocol = hint(|hints| hints.ai_protocol);
        entry.0.ai_addrlen = entry.1.len();
        entry.0.ai_addr = entry.1.as_ptr().cast_mut().cast();
        entry.0.ai_next = list;
        list = Box::into_raw(entry).cast();
    }
    if list.is_null() {
        return libc::EAI_NONAME;
    }
    // SAFETY: there is room for the result.
    unsafe { result.write(list) };
    0
}

/// Frees a list if it is ours.
unsafe fn free(mut list: *mut addrinfo) -> Option<()> {
    // SAFETY: every list has a first entry, and ours are of boxes that `look_up` has made.
    unsafe {
        list.as_ref().filter(|first| first.ai_flags == OURS)?;
        while !list.is_null() {
            list = Box::from_raw(list.cast::<Entry>()).0.ai_next;
        }
    }
    Some(())
}

/// Says why a process is not started; returns the number of the error.
fn refuse(host: &sim::Host, what: &str) -> c_int {
    let host = host.name();
    eprintln!(
        "minato: {what} is not started on the simulated host {host}: a world has no processes"
    );
    libc::EOPNOTSUPP
}
