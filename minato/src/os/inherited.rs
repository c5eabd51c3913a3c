//! Descriptors that the process was started with: systemd's socket activation.

use std::env;
use std::io;
use std::os::fd::FromRawFd;
use std::process;

use super::Descriptor;
use crate::sync::plain::{AtomicBool, Ordering};

/// The first descriptor behind standard input, output and error.
const FIRST: u32 = 3;

/// The descriptors that systemd, or another supervisor, has passed to this process, each with its
/// name (`FileDescriptorName=`; `unknown` without one), in the order of the unit file. The first
/// call gives them out; later ones, and a process to which none were passed, get none.
///
/// Each socket type takes its own by `try_from`, which checks what it is. From then on no other
/// process inherits them: each is set to be closed by `exec`.
///
/// This reads `LISTEN_PID`, `LISTEN_FDS` and `LISTEN_FDNAMES`, and leaves them as they are:
/// children ignore them, since `LISTEN_PID` is not theirs.
///
/// # Errors
///
/// `InvalidData` if a variable is malformed, or if there are not as many names as descriptors. The
/// system's if a descriptor is not there; the error names it, and all others are closed.
///
/// ```
/// use minato::net::{TcpListener, inherited_descriptors};
///
/// # minato::run(async {
/// let mut passed = inherited_descriptors()?.into_iter();
/// let listener = match passed.find(|(name, _)| name == "http") {
///     Some((_, descriptor)) => TcpListener::try_from(descriptor)?,
///     None => TcpListener::bind("127.0.0.1:0").await?,
/// };
/// println!("listening on {}", listener.local_addr()?);
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
pub fn inherited_descriptors() -> io::Result<Vec<(String, Descriptor)>> {
    static TAKEN: AtomicBool = AtomicBool::new(false);
    // Another number is that of a parent, who was given the descriptors and passed this on.
    if number("LISTEN_PID")? != Some(process::id()) {
        return Ok(Vec::new());
    }
    let count = number("LISTEN_FDS")?.unwrap_or(0);
    let names = env::var("LISTEN_FDNAMES").unwrap_or_default();
    let names: Vec<_> = names.split(':').filter(|_| !names.is_empty()).collect();
    if !names.is_empty() && names.len() != count as usize {
        let text = format!("LISTEN_FDNAMES has {} names for {count} descriptors", names.len());
        return Err(io::Error::new(io::ErrorKind::InvalidData, text));
    }
    if TAKEN.swap(true, Ordering::Relaxed) {
        return Ok(Vec::new());
    }
    let name = |index: u32| names.get(index as usize).copied().unwrap_or("unknown").to_owned();
    (0..count).map(|index| Ok((name(index), take_one(FIRST + index)?))).collect()
}

fn take_one(number: u32) -> io::Result<Descriptor> {
    let number = number.cast_signed();
    // SAFETY: the first call takes any number. If the descriptor is open, it is one that whoever
    // started the process says is there for it; nothing else was told so, and it is taken once.
    unsafe {
        if libc::fcntl(number, libc::F_SETFD, libc::FD_CLOEXEC) != -1 {
            return Ok(Descriptor::from_raw_fd(number));
        }
    }
    let error = io::Error::last_os_error();
    let text = format!("the descriptor {number}, which LISTEN_FDS counts, is not there: {error}");
    Err(io::Error::new(error.kind(), text))
}

/// The number in a variable, if there is one.
fn number(variable: &str) -> io::Result<Option<u32>> {
    let Some(value) = env::var_os(variable) else { return Ok(None) };
    let number = value.to_str().and_then(|value| value.parse().ok());
    let text = format!("{variable} is {value:?}, which is no number of this kind");
    number.map(Some).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, text))
}
